// SPDX-License-Identifier: GPL-3.0-or-later
#include "process/tree_cgroup_internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "process/tree_signal_internal.h"

#define DIRECTORY_NAME "pebble"

enum {
    PROC_TEXT_BYTES = 1 << 20,
    DEPTH_MAX = 16,  // of cgroups that services create below theirs
    ROUNDS_MAX = 4,  // of reading a list of processes that grows
    NUMBER_MAX = 64, // of directories of one name
    PROCESSES_MAX = 1 << 17,
};

struct tree_cgroups {
    pthread_mutex_t lock; // of the members
    bool was_looked_for;
    int errnum; // why there is none
    int fd;     // of the directory `pebble`, which is locked; -1 without one
    char *path; // the same
    char *own;  // the daemon's cgroup as /proc/PID/cgroup shows it, "" for the root
};

// --- the daemon's own cgroup ---

// Undoes the escapes of mountinfo: a backslash and three octal digits.
static char *unescape(const char *text, size_t length) {
    char *copy = memory_string_n(text, length);
    char *to = copy;
    for (const char *from = copy; *from != '\0'; to++) {
        if (from[0] == '\\' && from[1] >= '0' && from[1] <= '3' && from[2] != '\0' && from[3] != '\0') {
            *to = (char)((from[1] - '0') * 64 + (from[2] - '0') * 8 + (from[3] - '0'));
            from += 4;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return copy;
}

// The line `0::PATH`. Owned.
static char *own_path(const char *cgroup_text) {
    for (const char *line = cgroup_text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (text_has_prefix(line, "0::/"))
            return memory_string_n(line + 3, strcspn(line + 3, "\n"));
    }
    return NULL;
}

// `field` N of a line whose fields are separated by single blanks. Owned.
static char *take_field(const char *line, int number) {
    for (; number > 0; number--) {
        line += strcspn(line, " \n");
        line += *line == ' ';
    }
    return unescape(line, strcspn(line, " \n"));
}

// If the mount shows the path: where. Owned.
static char *place_in_mount(const char *line, const char *path) {
    AUTO_FREE char *root = take_field(line, 3);
    AUTO_FREE char *mount_point = take_field(line, 4);
    size_t length = text_equal(root, "/") ? 0 : strlen(root);
    bool is_below = strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == '\0');
    return is_below && path_is_absolute(mount_point) ? memory_printf("%s%s", mount_point, path + length) : NULL;
}

char *tree_cgroup_find(const char *cgroup_text, const char *mounts_text) {
    AUTO_FREE char *path = own_path(cgroup_text);
    if (path == NULL || text_has_prefix(path, "/.."))
        return NULL; // outside of the cgroup namespace
    char *found = NULL;
    for (const char *line = mounts_text; line != NULL && found == NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *type = strstr(line, " - ");
        const char *end = strchr(line, '\n');
        if (type != NULL && (end == NULL || type < end) && text_has_prefix(type, " - cgroup2 "))
            found = place_in_mount(line, path);
    }
    return found;
}

// Returns its directory. Owned.
static char *find_own(struct tree_cgroups *cgroups) {
    AUTO_BUFFER struct buffer cgroup = BUFFER_INIT(PROC_TEXT_BYTES);
    AUTO_BUFFER struct buffer mounts = BUFFER_INIT(PROC_TEXT_BYTES);
    if (!file_read("/proc/self/cgroup", &cgroup, NULL) || !file_read("/proc/self/mountinfo", &mounts, NULL))
        return NULL;
    cgroups->own = own_path(buffer_text(&cgroup));
    if (text_equal(cgroups->own, "/"))
        cgroups->own[0] = '\0';
    return tree_cgroup_find(buffer_text(&cgroup), buffer_text(&mounts));
}

// Returns 0, or why it cannot be used.
static int look_for_it(struct tree_cgroups *cgroups) {
    AUTO_FREE char *own = find_own(cgroups);
    if (own == NULL)
        return ENOENT;
    cgroups->path = path_join(own, DIRECTORY_NAME);
    if (mkdir(cgroups->path, 0700) != 0 && errno != EEXIST)
        return errno;
    cgroups->fd = open(cgroups->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (cgroups->fd < 0)
        return errno;
    (void)fchmod(cgroups->fd, 0700); // others could lock it
    if (flock(cgroups->fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    int errnum = errno == EWOULDBLOCK ? EBUSY : errno;
    file_close_at(&cgroups->fd);
    return errnum;
}

// The descriptor does not change afterwards.
static int directory_of(struct tree_cgroups *cgroups, int *errnum) {
    pthread_mutex_lock(&cgroups->lock);
    if (!cgroups->was_looked_for) {
        cgroups->was_looked_for = true;
        cgroups->errnum = look_for_it(cgroups);
    }
    int fd = cgroups->fd;
    *errnum = cgroups->errnum;
    pthread_mutex_unlock(&cgroups->lock);
    return fd;
}

struct tree_cgroups *tree_cgroups_create(void) {
    struct tree_cgroups *cgroups = memory_new(sizeof *cgroups);
    pthread_mutex_init(&cgroups->lock, NULL);
    cgroups->fd = -1;
    return cgroups;
}

// --- one cgroup ---

char *tree_cgroup_name(const char *service) {
    AUTO_BUFFER struct buffer out = BUFFER_INIT(BUFFER_NO_LIMIT);
    for (const char *at = service; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        bool is_plain =
            (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '-';
        if (is_plain)
            buffer_add_char(&out, *at);
        else
            buffer_printf(&out, "%%%02X", c);
    }
    return buffer_take(&out);
}

static int open_directory(int parent_fd, const char *name) {
    return openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static bool remove_directory(int parent_fd, const char *name, int depth) {
    if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
        return true;
    int fd = depth < DEPTH_MAX ? open_directory(parent_fd, name) : -1;
    AUTO_DIRECTORY DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
    if (directory == NULL) {
        file_close_at(&fd);
        return false;
    }
    const struct dirent *entry;
    while ((entry = readdir(directory)) != NULL) {
        if (entry->d_type == DT_DIR && !directory_is_dot(entry->d_name))
            (void)remove_directory(fd, entry->d_name, depth + 1);
    }
    return unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT;
}

char *tree_cgroup_directory(const char *name, unsigned number) {
    return number == 0 ? memory_string(name) : memory_printf("%s.%u", name, number);
}

// One that is empty is replaced: it may be of a run whose end nobody has waited for. Returns 0 or an errno.
static int make_directory(int parent_fd, const char *directory) {
    if (mkdirat(parent_fd, directory, 0700) == 0)
        return 0;
    if (errno != EEXIST)
        return errno;
    return remove_directory(parent_fd, directory, 0) && mkdirat(parent_fd, directory, 0700) == 0 ? 0 : EBUSY;
}

static int open_processes(int parent_fd, const char *directory, struct process_cgroup *place) {
    AUTO_CLOSE int fd = open_directory(parent_fd, directory);
    struct stat status;
    int processes_fd = fd >= 0 && fstat(fd, &status) == 0 ? openat(fd, "cgroup.procs", O_WRONLY | O_CLOEXEC) : -1;
    if (processes_fd < 0)
        place->errnum = errno;
    else
        place->inode = status.st_ino;
    return processes_fd;
}

int tree_cgroup_open(struct tree_cgroups *cgroups, const char *name, struct process_cgroup *place) {
    *place = (struct process_cgroup){0};
    int parent_fd = directory_of(cgroups, &place->errnum);
    if (parent_fd < 0)
        return -1;
    for (;; place->number++) {
        AUTO_FREE char *directory = tree_cgroup_directory(name, place->number);
        place->errnum = make_directory(parent_fd, directory);
        if (place->errnum == 0)
            return open_processes(parent_fd, directory, place);
        if (place->errnum != EBUSY || place->number == NUMBER_MAX)
            return -1;
    }
}

int tree_cgroup_open_events(struct tree_cgroups *cgroups, const char *directory) {
    AUTO_FREE char *path = memory_printf("%s/cgroup.events", directory);
    return openat(cgroups->fd, path, O_RDONLY | O_CLOEXEC);
}

bool tree_cgroup_is_populated(int events_fd) {
    char text[256];
    ssize_t length = pread(events_fd, text, sizeof text - 1, 0);
    if (length <= 0)
        return length == 0 || errno != ENODEV; // ENODEV: it has been removed
    text[length] = '\0';
    return strstr(text, "populated 0") == NULL;
}

// --- all of its processes and directories ---

typedef void (*cgroup_visit_fn)(int fd, void *data);

// Calls the function for the directory and those below it, deepest first. False if one of them could not be listed.
static bool visit(int fd, int depth, cgroup_visit_fn on_visit, void *data) {
    int listed_fd = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    AUTO_DIRECTORY DIR *directory = listed_fd >= 0 ? fdopendir(listed_fd) : NULL;
    if (directory == NULL) {
        file_close_at(&listed_fd);
        return false;
    }
    bool is_whole = true;
    const struct dirent *entry;
    while (depth < DEPTH_MAX && (entry = readdir(directory)) != NULL) {
        if (entry->d_type != DT_DIR || directory_is_dot(entry->d_name))
            continue;
        AUTO_CLOSE int below_fd = open_directory(fd, entry->d_name);
        is_whole = below_fd >= 0 && visit(below_fd, depth + 1, on_visit, data) && is_whole;
    }
    on_visit(fd, data);
    return is_whole;
}

struct signalling {
    const char *cgroup; // its path, from the root of the hierarchy
    int number;
    pid_t spared;
    int errnum;
};

static void signal_processes(int fd, void *data) {
    struct signalling *signalling = data;
    AUTO_CLOSE int list_fd = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
    AUTO_BUFFER struct buffer list = BUFFER_INIT((size_t)PROCESSES_MAX * 12);
    if (list_fd < 0 || !file_read_all(list_fd, "cgroup.procs", &list, NULL))
        signalling->errnum = signalling->errnum != 0 ? signalling->errnum : EIO;
    char *at = list.data;
    for (char *end; at != NULL; at = end) {
        long pid = strtol(at, &end, 10);
        if (end == at)
            return;
        // 0: of another PID namespace.
        if (pid <= 0 || (signalling->spared > 0 && getpgid((pid_t)pid) == signalling->spared))
            continue;
        int errnum = tree_signal_in_cgroup((pid_t)pid, signalling->cgroup, signalling->number);
        if (errnum != 0 && errnum != ESRCH && signalling->errnum == 0)
            signalling->errnum = errnum;
    }
}

static bool kill_all(int fd) {
    AUTO_CLOSE int kill_fd = openat(fd, "cgroup.kill", O_WRONLY | O_CLOEXEC);
    return kill_fd >= 0 && file_write_all(kill_fd, "1", 1, NULL);
}

// -1 and ENOENT if it has been removed, also if another one has its name now.
static int open_cgroup(struct tree_cgroups *cgroups, const struct tree_cgroup *cgroup) {
    struct stat status;
    int fd = open_directory(cgroups->fd, cgroup->directory);
    if (fd < 0 || (fstat(fd, &status) == 0 && status.st_ino == cgroup->inode))
        return fd;
    file_close_at(&fd);
    errno = ENOENT;
    return -1;
}

int tree_cgroup_signal(struct tree_cgroups *cgroups, const struct tree_cgroup *cgroup, int signal_number,
                       pid_t spared) {
    AUTO_FREE char *path = memory_printf("%s/%s/%s", cgroups->own, DIRECTORY_NAME, cgroup->directory);
    AUTO_CLOSE int fd = open_cgroup(cgroups, cgroup);
    if (fd < 0)
        return errno == ENOENT ? 0 : errno;
    // Linux has cgroup.kill since 5.14. Without it a process that forks meanwhile may be missed.
    bool is_kill = signal_number == SIGKILL;
    if (is_kill && kill_all(fd))
        return 0;
    struct signalling signalling = {.cgroup = path, .number = signal_number, .spared = is_kill ? 0 : spared};
    for (int round = 0; round < (is_kill ? ROUNDS_MAX : 1); round++) {
        if (!visit(fd, 0, signal_processes, &signalling) && signalling.errnum == 0)
            signalling.errnum = EIO;
    }
    return signalling.errnum;
}

bool tree_cgroup_remove(struct tree_cgroups *cgroups, const struct tree_cgroup *cgroup) {
    AUTO_CLOSE int fd = open_cgroup(cgroups, cgroup);
    return fd < 0 ? errno == ENOENT : remove_directory(cgroups->fd, cgroup->directory, 0);
}

void tree_cgroups_destroy(struct tree_cgroups *cgroups) {
    if (cgroups == NULL)
        return;
    if (cgroups->fd >= 0)
        (void)remove_directory(AT_FDCWD, cgroups->path, 0);
    file_close_at(&cgroups->fd);
    pthread_mutex_destroy(&cgroups->lock);
    free(cgroups->path);
    free(cgroups->own);
    free(cgroups);
}
