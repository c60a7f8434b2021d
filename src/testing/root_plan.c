// SPDX-License-Identifier: LGPL-3.0-or-later
#include "testing/root_plan_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "client/errors.h"

#define ENTRIES_MAX ((size_t)1000) // of a directory that are bound one by one; the others are missing
#define LINK_BYTES ((size_t)4096)
#define MAP_LIMIT_BYTES ((size_t)16384)

// --- users ---

// Each range of this namespace at the same place: "FIRST FIRST COUNT". Owned; NULL if it cannot be read.
static char *map_all(const char *path) {
    AUTO_BUFFER struct buffer text = BUFFER_INIT(MAP_LIMIT_BYTES), map = BUFFER_INIT(MAP_LIMIT_BYTES);
    if (!file_read(path, &text, NULL))
        return NULL;
    AUTO_FREE char *lines = buffer_take(&text);
    char *rest = lines, *line;
    while ((line = strsep(&rest, "\n")) != NULL) {
        char *end;
        unsigned long first = strtoul(line, &end, 10);
        if (end == line)
            continue;
        (void)strtoul(end, &end, 10);
        buffer_printf(&map, "%lu %lu %lu\n", first, first, strtoul(end, NULL, 10));
    }
    return buffer_take(&map);
}

static void prepare_ids(struct testing_root *root) {
    if (geteuid() == 0) {
        root->all_users = map_all("/proc/self/uid_map");
        root->all_groups = map_all("/proc/self/gid_map");
        if (root->all_groups == NULL) {
            free(root->all_users);
            root->all_users = NULL;
        }
    }
    root->own_user = memory_printf("0 %u 1\n", (unsigned)geteuid());
    root->own_group = memory_printf("0 %u 1\n", (unsigned)getegid());
}

// --- steps ---

static struct testing_step *add_step(struct testing_root *root, enum testing_step_kind kind, const char *source,
                                     const char *target) {
    root->steps = memory_grow(root->steps, &root->capacity, root->count + 1, sizeof *root->steps);
    struct testing_step *step = &root->steps[root->count++];
    *step = (struct testing_step){.kind = kind, .source = memory_string(source)};
    step->target = memory_printf("%s%s%s", TESTING_ROOT_NAME, *target == '/' ? "" : "/", target);
    return step;
}

static void add_link(struct testing_root *root, const char *path) {
    AUTO_FREE char *text = memory_new(LINK_BYTES);
    ssize_t length = readlink(path, text, LINK_BYTES - 1);
    if (length > 0)
        add_step(root, TESTING_STEP_LINK, text, path);
}

static void add_entry(struct testing_root *root, const char *path) {
    struct stat status;
    if (lstat(path, &status) != 0)
        return;
    if (S_ISLNK(status.st_mode))
        add_link(root, path);
    else if (S_ISDIR(status.st_mode))
        add_step(root, TESTING_STEP_DIRECTORY, path, path);
    else if (S_ISREG(status.st_mode))
        add_step(root, TESTING_STEP_FILE, path, path);
}

static void add_entries(struct testing_root *root, const char *path) {
    AUTO_TEXT_LIST struct text_list names = {0};
    if (!directory_list(path, &names, NULL))
        return;
    for (size_t i = 0; i < names.count && i < ENTRIES_MAX; i++) {
        AUTO_FREE char *entry = path_join(path, names.items[i]);
        if (!text_equal(entry, root->directory))
            add_entry(root, entry);
    }
}

// --- directories ---

static char *target_path(const struct testing_root *root, const char *path) {
    return memory_printf("%s/" TESTING_ROOT_NAME "%s%s", root->directory, *path == '/' ? "" : "/", path);
}

static void make_directory(const struct testing_root *root, const char *path, mode_t mode) {
    AUTO_FREE char *target = target_path(root, path);
    if (mkdir(target, S_IRWXU) == 0)
        (void)chmod(target, mode | S_IRWXU);
}

// An upper directory belongs to the user of the test program, who may not own the one below, so that the daemon may
// write there.
static void make_upper_directories(const struct testing_root *root, const char *path) {
    AUTO_TEXT_LIST struct text_list names = {0};
    if (geteuid() == 0 || text_equal(path, "/usr") || !directory_list(path, &names, NULL))
        return;
    for (size_t i = 0; i < names.count && i < ENTRIES_MAX; i++) {
        AUTO_FREE char *entry = path_join(path, names.items[i]);
        struct stat status;
        if (lstat(entry, &status) == 0 && S_ISDIR(status.st_mode) && access(entry, R_OK | X_OK) == 0)
            make_directory(root, entry, status.st_mode & 07777);
    }
}

// Whether the path is `directory` or below it.
static bool is_within(const char *path, const char *directory) {
    size_t length = strlen(directory);
    return strncmp(path, directory, length) == 0 && (path[length] == '/' || path[length] == '\0');
}

// Characters that separate the options of an overlay.
static bool has_plain_name(const char *path) {
    return strpbrk(path, ",:\\") == NULL;
}

static void add_overlay(struct testing_root *root, const char *path) {
    size_t index = root->count;
    bool can_overlay = has_plain_name(path) && !is_within(root->directory, path);
    if (can_overlay) {
        AUTO_FREE char *work = memory_printf("%s/" TESTING_WORK_NAME "%s", root->directory, path);
        struct testing_step *step = add_step(root, TESTING_STEP_OVERLAY, path, path);
        step->options = memory_printf(
            "userxattr,lowerdir=%s,upperdir=" TESTING_ROOT_NAME "%s,workdir=" TESTING_WORK_NAME "%s", path, path, path);
        (void)mkdir(work, S_IRWXU);
        make_upper_directories(root, path);
    }
    add_entries(root, path);
    if (can_overlay)
        root->steps[index].skip = root->count - index - 1;
}

static void add_directory(struct testing_root *root, const char *path, mode_t mode) {
    make_directory(root, path, mode);
    if (text_equal(path, "/run")) {
        make_directory(root, "/run/systemd", 0755);
        add_step(root, TESTING_STEP_DIRECTORY, "/run/systemd/resolve", "/run/systemd/resolve"); // resolv.conf
    } else if (access(path, R_OK | X_OK) == 0)
        add_overlay(root, path);
}

// --- file systems of the kernel ---

static bool is_special(const char *path) {
    return text_equal(path, "/proc") || text_equal(path, "/sys") || text_equal(path, "/dev") ||
           text_equal(path, "/lost+found");
}

// What root may change in a /proc of its own changes the machine.
static void add_proc(struct testing_root *root) {
    static const char *const read_only[] = {"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus",
                                            "/proc/fs",  "/proc/acpi"};
    make_directory(root, "/proc", 0755);
    struct testing_step *step = add_step(root, TESTING_STEP_MOUNT, "proc", "/proc");
    step->skip = 1; // in a container that hides parts of /proc, only that can be used
    add_step(root, TESTING_STEP_DIRECTORY, "/proc", "/proc");
    for (size_t i = 0; i < ARRAY_COUNT(read_only); i++) {
        struct stat status;
        if (stat(read_only[i], &status) == 0)
            add_step(root, S_ISDIR(status.st_mode) ? TESTING_STEP_DIRECTORY : TESTING_STEP_FILE, read_only[i],
                     read_only[i])
                ->is_required = true;
    }
}

// The daemon gets another one with each start, as in a container. Else it would be that of the machine.
static void add_boot_id(struct testing_root *root) {
    AUTO_FREE char *path = path_join(root->directory, TESTING_BOOT_ID_NAME);
    add_step(root, TESTING_STEP_FILE, path, "/proc/sys/kernel/random/boot_id");
}

static void add_devices(struct testing_root *root) {
    make_directory(root, "/sys", 0755);
    add_step(root, TESTING_STEP_DIRECTORY, "/sys", "/sys");
    make_directory(root, "/dev", 0755);
    add_step(root, TESTING_STEP_DIRECTORY, "/dev", "/dev")->is_required = true;
    add_step(root, TESTING_STEP_MOUNT, "tmpfs", "/dev/shm")->options = memory_string("mode=1777");
    add_step(root, TESTING_STEP_MOUNT, "devpts", "/dev/pts")->options =
        memory_string("newinstance,ptmxmode=0666,mode=0620");
    add_step(root, TESTING_STEP_FILE, TESTING_ROOT_NAME "/dev/pts/ptmx", "/dev/ptmx");
}

// --- all ---

static bool make_parents(const struct testing_root *root, const char *path, struct pebble_error *error) {
    AUTO_FREE char *target = target_path(root, path);
    AUTO_ERROR struct error err = {0};
    if (directory_create_all(target, S_IRWXU, &err))
        return true;
    return client_fail(error, PEBBLE_ERROR_FILE, "cannot create root directory: %s", error_text(&err));
}

static bool make_base(const struct testing_root *root, struct pebble_error *error) {
    AUTO_FREE char *base = path_join(root->directory, TESTING_ROOT_NAME);
    AUTO_FREE char *work = path_join(root->directory, TESTING_WORK_NAME);
    if (mkdir(base, S_IRWXU) == 0 && chmod(base, 0755) == 0 && mkdir(work, S_IRWXU) == 0)
        return true;
    return client_fail(error, PEBBLE_ERROR_FILE, "cannot create root directory: %s", error_errno_text(errno));
}

static bool add_all(struct testing_root *root, struct pebble_error *error) {
    AUTO_TEXT_LIST struct text_list names = {0};
    AUTO_ERROR struct error err = {0};
    if (!directory_list("/", &names, &err))
        return client_fail(error, PEBBLE_ERROR_FILE, "cannot create root directory: %s", error_text(&err));
    for (size_t i = 0; i < names.count; i++) {
        AUTO_FREE char *path = path_join("/", names.items[i]);
        struct stat status;
        if (lstat(path, &status) != 0 || is_special(path))
            continue;
        if (S_ISDIR(status.st_mode))
            add_directory(root, path, status.st_mode & 07777);
        else
            add_entry(root, path);
    }
    add_proc(root);
    add_boot_id(root);
    add_devices(root);
    return true;
}

struct testing_root *testing_root_create(const char *directory, const char *daemon_directory,
                                         struct pebble_error *error) {
    struct testing_root *root = memory_new(sizeof *root);
    root->directory = memory_string(directory);
    prepare_ids(root);
    if (!make_base(root, error) || !add_all(root, error) || !make_parents(root, daemon_directory, error)) {
        testing_root_destroy(root);
        return NULL;
    }
    add_step(root, TESTING_STEP_WRITABLE, daemon_directory, daemon_directory)->is_required = true;
    return root;
}

void testing_root_destroy(struct testing_root *root) {
    if (root == NULL)
        return;
    for (size_t i = 0; i < root->count; i++) {
        free(root->steps[i].source);
        free(root->steps[i].target);
        free(root->steps[i].options);
    }
    free(root->steps);
    free(root->directory);
    free(root->all_users);
    free(root->all_groups);
    free(root->own_user);
    free(root->own_group);
    free(root);
}
