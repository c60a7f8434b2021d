// SPDX-License-Identifier: LGPL-3.0-or-later
#include "data/regular_expression.h"

#include <ctype.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define COPIES_MAX 20000.0 // of characters, after repetitions
#define DEPTH_MAX 50       // of parentheses
#define REPETITIONS_MAX 255.0

struct regular_expression {
    regex_t compiled;
};

// --- limits ---

struct pattern_scan {
    const char *at;
    double totals[DEPTH_MAX + 1]; // for each open parenthesis, the characters since
    size_t depth;
    double last; // the size of the last item, to which a repetition belongs
};

static void add_item(struct pattern_scan *scan, double size) {
    scan->totals[scan->depth] += size;
    scan->last = size;
}

// A backslash has no special meaning in it; "]" has none at its beginning, and within "[:", "[." and "[=".
static void skip_brackets(struct pattern_scan *scan) {
    scan->at++;
    scan->at += *scan->at == '^';
    scan->at += *scan->at == ']';
    while (*scan->at != '\0' && *scan->at != ']') {
        bool is_class = *scan->at == '[' && scan->at[1] != '\0' && strchr(":.=", scan->at[1]) != NULL;
        const char end[] = {is_class ? scan->at[1] : ']', ']', '\0'};
        const char *close = is_class ? strstr(scan->at + 2, end) : NULL;
        scan->at = close != NULL ? close + 2 : scan->at + 1;
    }
    scan->at += *scan->at == ']';
    add_item(scan, 1);
}

// "{M}", "{M,}" and "{M,N}".
static bool repeat(struct pattern_scan *scan, struct error *err) {
    char *end;
    double count = strtod(scan->at + 1, &end);
    if (*end == ',' && isdigit((unsigned char)end[1]))
        count = strtod(end + 1, &end);
    if (count > REPETITIONS_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "more than %.0f repetitions", REPETITIONS_MAX);
    if (count > 1) {
        scan->totals[scan->depth] += scan->last * (count - 1);
        scan->last *= count;
    }
    scan->at++;
    return true;
}

static bool open_group(struct pattern_scan *scan, struct error *err) {
    if (scan->depth == DEPTH_MAX)
        return error_set(err, ERROR_BAD_REQUEST, "more than %d levels of parentheses", DEPTH_MAX);
    scan->totals[++scan->depth] = 0;
    scan->last = 0;
    scan->at++;
    return true;
}

static void close_group(struct pattern_scan *scan) {
    scan->at++;
    if (scan->depth == 0)
        return;
    double size = scan->totals[scan->depth--];
    add_item(scan, size + 1);
}

static bool scan_item(struct pattern_scan *scan, struct error *err) {
    switch (*scan->at) {
    case '[':
        skip_brackets(scan);
        return true;
    case '(':
        return open_group(scan, err);
    case ')':
        close_group(scan);
        return true;
    case '{':
        if (isdigit((unsigned char)scan->at[1]))
            return repeat(scan, err);
        break;
    case '\\':
        if (isdigit((unsigned char)scan->at[1]))
            return error_set(err, ERROR_BAD_REQUEST, "back-references are not supported");
        scan->at += scan->at[1] != '\0';
        break;
    default:
        break;
    }
    add_item(scan, 1);
    scan->at++;
    return true;
}

static bool check_limits(const char *text, struct error *err) {
    struct pattern_scan scan = {.at = text};
    if (strlen(text) > REGULAR_EXPRESSION_MAX_BYTES)
        return error_set(err, ERROR_BAD_REQUEST, "longer than %zu bytes", REGULAR_EXPRESSION_MAX_BYTES);
    while (*scan.at != '\0') {
        if (!scan_item(&scan, err))
            return false;
        if (scan.totals[scan.depth] > COPIES_MAX)
            return error_set(err, ERROR_BAD_REQUEST, "too many repetitions");
    }
    return true;
}

// --- the expression ---

bool regular_expression_create(const char *text, struct regular_expression **expression, struct error *err) {
    if (!check_limits(text, err))
        return false;
    struct regular_expression *created = memory_new(sizeof *created);
    int problem = regcomp(&created->compiled, text, REG_EXTENDED | REG_NOSUB);
    if (problem != 0) {
        char reason[128];
        (void)regerror(problem, &created->compiled, reason, sizeof reason);
        free(created);
        reason[0] = (char)tolower((unsigned char)reason[0]);
        return error_set(err, ERROR_BAD_REQUEST, "%s", reason);
    }
    *expression = created;
    return true;
}

void regular_expression_destroy(struct regular_expression *expression) {
    if (expression == NULL)
        return;
    regfree(&expression->compiled);
    free(expression);
}

bool regular_expression_matches(const struct regular_expression *expression, const char *text, size_t length) {
    regmatch_t range = {.rm_so = 0, .rm_eo = (regoff_t)length};
    return regexec(&expression->compiled, text, 1, &range, REG_STARTEND) == 0;
}
