// SPDX-License-Identifier: GPL-3.0-or-later
// Executes the commands of its arguments with daemons of pebble-test.h, for test_pebble_test.py. Each command is one
// argument: a name and words. Prints what it finds, one line each; a failure ends the program with status 1.
#define _GNU_SOURCE
#include <pebble-test.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNUSED __attribute__((unused))
#define DAEMONS_MAX 4
#define WORDS_MAX 16

static struct pebble_test_daemon *daemons[DAEMONS_MAX];
static struct pebble_test_daemon *daemon_now; // the last one
static int daemon_count;
static uint64_t root_flags;
static int64_t timeout_ms;

static const char layer[] = "services:\n"
                            "  web:\n"
                            "    override: replace\n"
                            "    command: sh -c 'sleep 1001 & exec sleep 1000'\n"
                            "    startup: enabled\n"
                            "  watched:\n"
                            "    override: replace\n"
                            "    command: sleep 1000\n"
                            "    on-check-failure:\n"
                            "      own: restart\n"
                            "    backoff-delay: 1000s\n"
                            "checks:\n"
                            "  ready:\n"
                            "    override: replace\n"
                            "    level: ready\n"
                            "    exec: {command: 'false'}\n"
                            "  own:\n"
                            "    override: replace\n"
                            "    exec: {command: 'true'}\n";

static void need(bool is_good, const struct pebble_error *error) {
    if (is_good)
        return;
    printf("error %d: %s\n", error->kind, error->message != NULL ? error->message : "-");
    fflush(stdout);
    exit(1);
}

static struct pebble_test_daemon *create(const char *label, const char *yaml, struct pebble_error *error) {
    const struct pebble_test_layer layers[] = {{label, yaml}};
    struct pebble_test_options options = {.size = sizeof options, .layers = layers, .layer_count = 1};
    static const char *const variables[] = {"PEBBLE_TEST_MARK=1"};
    struct pebble_test_daemon *created = NULL;
    options.environment = variables;
    options.environment_count = 1;
    options.flags = root_flags;
    options.timeout_ms = timeout_ms;
    return pebble_test_create(&options, &created, error) ? created : NULL;
}

static void create_one(char **words) {
    struct pebble_error error = {0};
    const char *yaml = words[1] != NULL && strcmp(words[1], "broken") == 0 ? "services: {web: 7}" : layer;
    daemon_now = create("first-one", yaml, &error);
    need(daemon_now != NULL, &error);
    daemons[daemon_count++] = daemon_now;
    printf("directory %s\n", pebble_test_directory(daemon_now));
}

static void *create_in_thread(void *data UNUSED) {
    struct pebble_error error = {0};
    struct pebble_test_daemon *own = create("first-one", layer, &error);
    need(own != NULL, &error);
    struct pebble_system_info *info;
    for (int i = 0; i < 20; i++) {
        need(pebble_get_system_info(pebble_test_client(own), &info, &error), &error);
        pebble_system_info_destroy(info);
    }
    need(pebble_test_restart(own, &error), &error);
    size_t count = pebble_test_request_count(own);
    pebble_test_destroy(own);
    return (void *)count;
}

static void use_threads(void) {
    pthread_t threads[DAEMONS_MAX];
    for (int i = 0; i < DAEMONS_MAX; i++)
        pthread_create(&threads[i], NULL, create_in_thread, NULL);
    for (int i = 0; i < DAEMONS_MAX; i++) {
        void *count;
        pthread_join(threads[i], &count);
        printf("thread %zu\n", (size_t)count);
    }
}

static void print_requests(void) {
    size_t count = pebble_test_request_count(daemon_now);
    for (size_t i = 0; i < count; i++) {
        struct pebble_test_request *request = pebble_test_request_at(daemon_now, i);
        printf("request %s %s %d %s%s\n", pebble_test_request_method(request),
               pebble_test_request_path_and_query(request), pebble_test_request_status(request),
               pebble_test_request_body(request, NULL), pebble_test_request_is_cut(request) ? " (cut)" : "");
        pebble_test_request_destroy(request);
    }
}

static void run_command(char **words) {
    const char *const shell[] = {"sh", "-c", words[1]};
    const struct pebble_exec_options options = {.size = sizeof options, .words = shell, .word_count = 3};
    const struct pebble_exec_io io = {.size = sizeof io, .input = "input\n", .input_length = 6};
    struct pebble_exec_result *result;
    struct pebble_error error = {0};
    need(pebble_exec(pebble_test_client(daemon_now), &options, &io, &result, &error), &error);
    printf("exec %d %s\n", pebble_exec_result_exit_code(result), pebble_exec_result_output(result, NULL));
    pebble_exec_result_destroy(result);
}

static void push(char **words) {
    struct pebble_error error = {0};
    const struct pebble_push_options options = {.size = sizeof options,
                                                .path = words[1],
                                                .bytes = "pushed\n",
                                                .length = 7,
                                                .flags = PEBBLE_PUSH_MAKE_DIRECTORIES};
    need(pebble_push_file(pebble_test_client(daemon_now), &options, &error), &error);
}

static void print_boot_id(void) {
    struct pebble_system_info *info;
    struct pebble_error error = {0};
    if (!pebble_get_system_info(pebble_test_client(daemon_now), &info, &error)) {
        printf("boot error %d\n", error.kind);
        pebble_error_clear(&error);
        return;
    }
    printf("boot %s\n", pebble_system_info_boot_id(info));
    pebble_system_info_destroy(info);
}

static void print_health(void) {
    bool is_healthy;
    struct pebble_error error = {0};
    need(pebble_get_health(pebble_test_client(daemon_now), "ready", NULL, 0, &is_healthy, &error), &error);
    printf("healthy %d\n", is_healthy);
}

static void print_notices(void) {
    static const char *const type = "custom";
    const struct pebble_notice_options options = {.size = sizeof options, .types = &type, .type_count = 1};
    struct pebble_notices *notices;
    struct pebble_error error = {0};
    need(pebble_get_notices(pebble_test_client(daemon_now), &options, &notices, &error), &error);
    for (size_t i = 0; i < pebble_notices_count(notices); i++) {
        const struct pebble_notice *notice = pebble_notices_at(notices, i);
        printf("notice %s %s\n", pebble_notice_key(notice), pebble_notice_data(notice));
    }
    pebble_notices_destroy(notices);
}

// A client that repeats its requests, while the daemon is away.
static void *come_back(void *data UNUSED) {
    struct pebble_error error = {0};
    need(pebble_test_set_reachable(daemon_now, true, &error), &error);
    return NULL;
}

static void retry(void) {
    const struct pebble_client_options options = {
        .size = sizeof options, .socket_path = pebble_test_socket_path(daemon_now), .get_retry_ms = 20000};
    struct pebble_client *client;
    struct pebble_call *call;
    struct pebble_error error = {0};
    pthread_t thread;
    need(pebble_client_create(&options, &client, &error), &error);
    need(pebble_test_set_reachable(daemon_now, false, &error), &error);
    need(pebble_call_get_system_info(client, &call, &error), &error);
    printf("retry %d\n", pebble_call_step(call)); // has not found it, and waits
    pebble_call_destroy(call);
    pthread_create(&thread, NULL, come_back, NULL);
    struct pebble_system_info *info;
    need(pebble_get_system_info(client, &info, &error), &error);
    pthread_join(thread, NULL);
    pebble_system_info_destroy(info);
    pebble_client_destroy(client);
    printf("back\n");
}

static void fill_descriptors(void) {
    const struct rlimit limit = {64, 64};
    setrlimit(RLIMIT_NOFILE, &limit);
    while (dup(0) >= 0)
        continue;
}

// Whether there is a child, or was one that has ended.
static void print_children(void) {
    int status;
    pid_t pid = waitpid(-1, &status, WNOHANG);
    printf("children %s\n", pid < 0 ? "none" : "some");
}

static void control(char **words) {
    struct pebble_error error = {0};
    const char *name = words[0];
    bool is_good = true;
    if (strcmp(name, "check") == 0)
        is_good = pebble_test_set_check(daemon_now, words[1], strcmp(words[2], "up") == 0, &error);
    else if (strcmp(name, "notify") == 0) {
        const char *const names[] = {"name"}, *const values[] = {words[2]};
        is_good = pebble_test_notify(daemon_now, words[1], names, values, 1, &error);
    } else if (strcmp(name, "reachable") == 0)
        is_good = pebble_test_set_reachable(daemon_now, strcmp(words[1], "yes") == 0, &error);
    else if (strcmp(name, "stop") == 0)
        is_good = pebble_test_stop(daemon_now, &error);
    else if (strcmp(name, "start") == 0)
        is_good = pebble_test_start(daemon_now, &error);
    else if (strcmp(name, "restart") == 0)
        is_good = pebble_test_restart(daemon_now, &error);
    else if (strcmp(name, "killed") == 0)
        is_good = pebble_test_kill(daemon_now, &error);
    else if (strcmp(name, "service") == 0)
        is_good = pebble_test_wait_service(daemon_now, words[1], words[2], &error);
    else if (strcmp(name, "start-service") == 0) {
        const char *service = words[1];
        char *change_id = NULL;
        is_good = pebble_control_services(pebble_test_client(daemon_now), "start", &service, 1, &change_id, &error) &&
                  pebble_wait_change(pebble_test_client(daemon_now), change_id, NULL, NULL, &error);
        pebble_free(change_id);
    } else {
        printf("unknown command %s\n", name);
        exit(2);
    }
    if (!is_good)
        printf("%s: error %d: %s\n", name, error.kind, error.message);
    pebble_error_clear(&error);
}

static void destroy_all(void) {
    for (int i = 0; i < daemon_count; i++)
        pebble_test_destroy(daemons[i]);
    daemon_count = 0;
    daemon_now = NULL;
}

// How the program ends.
static void end(const char *how) {
    fflush(stdout);
    if (strcmp(how, "pause") == 0)
        for (;;)
            pause(); // until it is killed
    if (strcmp(how, "abort") == 0)
        abort();
    if (strcmp(how, "_exit") == 0)
        _exit(0);
    if (strcmp(how, "fork") == 0 && fork() == 0) {
        for (;;)
            pause(); // a child that has copies of all descriptors
    }
    exit(0);
}

static void execute(char **words) {
    const char *name = words[0];
    if (strcmp(name, "create") == 0)
        create_one(words);
    else if (strcmp(name, "flags") == 0)
        root_flags = strtoul(words[1], NULL, 10);
    else if (strcmp(name, "timeout") == 0)
        timeout_ms = strtol(words[1], NULL, 10);
    else if (strcmp(name, "threads") == 0)
        use_threads();
    else if (strcmp(name, "requests") == 0)
        print_requests();
    else if (strcmp(name, "clear") == 0)
        pebble_test_clear_requests(daemon_now);
    else if (strcmp(name, "exec") == 0)
        run_command(words);
    else if (strcmp(name, "push") == 0)
        push(words);
    else if (strcmp(name, "boot") == 0)
        print_boot_id();
    else if (strcmp(name, "health") == 0)
        print_health();
    else if (strcmp(name, "notices") == 0)
        print_notices();
    else if (strcmp(name, "retry") == 0)
        retry();
    else if (strcmp(name, "fill") == 0)
        fill_descriptors();
    else if (strcmp(name, "children") == 0)
        print_children();
    else if (strcmp(name, "root") == 0)
        printf("root %s; %s\n", pebble_test_root_path(daemon_now) != NULL ? pebble_test_root_path(daemon_now) : "-",
               pebble_test_root_problem(daemon_now) != NULL ? pebble_test_root_problem(daemon_now) : "-");
    else if (strcmp(name, "destroy") == 0)
        destroy_all();
    else if (strcmp(name, "end") == 0)
        end(words[1]);
    else
        control(words);
}

int main(int argc, char **argv) {
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (int i = 1; i < argc; i++) {
        char *words[WORDS_MAX] = {NULL};
        char *rest = argv[i];
        bool is_shell = strncmp(rest, "exec ", 5) == 0;
        for (int count = 0; rest != NULL && count < WORDS_MAX - 1; count++)
            words[count] = is_shell && count == 1 ? strsep(&rest, "\n") : strsep(&rest, " ");
        execute(words);
    }
    destroy_all();
    return 0;
}
