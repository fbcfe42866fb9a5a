/* A disk that does as a test says, between a program and the system (Linux, LD_PRELOAD). Two uses:
 *
 * Faults. DISK_CONTROL names a file of Fault[CALLS] (faults/disk.py writes it, at any time): `after` calls go well, then
 * `times` calls fail with `error`; times < 0: all further ones. DISK_ROOT: only calls on files below it count.
 *
 * Power cuts. disk_watch() begins to keep, beside the files of one folder, what of them is on the disk for certain:
 * the pages of each file at its last sync, the names at the folder's last sync and what was done to them since. Syncs
 * themselves are left out: they only cost time. disk_image() writes all that down, as at a moment when the power goes:
 * by itself at the tick that was asked for (each call that changes the disk has one before and one after it). What of
 * the unsynced survives is for the reader of the image to choose. DISK_LIES names a call that only pretends to sync:
 * a test that what looks for losses would find them. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FDATASYNC, FSYNC, MSYNC, FALLOCATE, PWRITE, RENAME, CREATE, UNLINK, CALLS };
enum { FILES_MAX = 4096, OPS_BYTES = 1 << 20, NAMES_BYTES = 1 << 20 };

struct Fault { int32_t error, after, times, calls; };

static struct Fault none[CALLS], *faults = none;
static char root[PATH_MAX], shadow[PATH_MAX], cut_target[PATH_MAX];
static const char *lies = "";
static int watching, ticks, cut_at, taken;
static unsigned long known[FILES_MAX];
static int known_count;
static char names[NAMES_BYTES], ops[OPS_BYTES];     /* at the folder's last sync; since */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name) ((__typeof__(&name)) real_of(#name))
static void *real_of(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void begin(void) {
    const char *control = getenv("DISK_CONTROL"), *folder = getenv("DISK_ROOT");
    if (getenv("DISK_LIES")) lies = getenv("DISK_LIES");
    if (folder) snprintf(root, sizeof root, "%s", folder);
    if (!control) return;
    int file = open(control, O_RDWR);
    void *map = file < 0 ? MAP_FAILED : mmap(NULL, sizeof none, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (map == MAP_FAILED) { perror(control); abort(); }
    faults = map;
    close(file);
}

static void give_up(const char *what) { perror(what); abort(); }

/* --------------------------------------------------------------------------------------------------- paths */

static int below_root(const char *path) {
    size_t size = strlen(root);
    return size && !strncmp(path, root, size) && (path[size] == '/' || !path[size]);
}

static void path_of(int file, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, PATH_MAX - 1);
    path[size < 0 ? 0 : size] = 0;
}

static void path_at(int folder, const char *name, char *path) {
    if (name[0] == '/' || folder == AT_FDCWD) { snprintf(path, PATH_MAX, "%s", name); return; }
    path_of(folder, path);
    size_t size = strlen(path);
    snprintf(path + size, PATH_MAX - size, "/%s", name);
}

static const char *last_of(const char *path) { const char *slash = strrchr(path, '/'); return slash ? slash + 1 : path; }

static int file_below_root(int file) { char path[PATH_MAX]; path_of(file, path); return below_root(path); }

/* --------------------------------------------------------------------------------------------------- faults */

static int fails(int call) {
    struct Fault *fault = &faults[call];
    __atomic_add_fetch(&fault->calls, 1, __ATOMIC_SEQ_CST);
    if (!fault->error || !fault->times) return 0;
    if (fault->after > 0) { fault->after--; return 0; }
    if (fault->times > 0) fault->times--;
    return fault->error;
}

/* ----------------------------------------------------------------------------------------------- power cuts */

static void copy(const char *from, const char *to) {
    char buffer[1 << 16];
    int in = REAL(open)(from, O_RDONLY), out = REAL(open)(to, O_RDWR | O_CREAT | O_TRUNC, 0644);
    if (in < 0 || out < 0) give_up(from);
    for (ssize_t size; (size = read(in, buffer, sizeof buffer)) > 0;)
        if (write(out, buffer, (size_t)size) != size) give_up(to);
    close(in), close(out);
}

static int is_known(unsigned long inode) {
    for (int i = 0; i < known_count; i++) if (known[i] == inode) return 1;
    return 0;
}

/* Keep a file by a second name, which stays when its own goes. */
static void know(const char *path) {
    struct stat status;
    char kept[PATH_MAX + 64];
    if (stat(path, &status) || is_known(status.st_ino)) return;
    if (known_count == FILES_MAX) give_up("too many files");
    known[known_count++] = status.st_ino;
    snprintf(kept, sizeof kept, "%s/live-%lu", shadow, (unsigned long)status.st_ino);
    if (link(path, kept)) give_up(kept);
}

static void keep_file(unsigned long inode) {
    char live[PATH_MAX + 64], durable[PATH_MAX + 64];
    if (!is_known(inode)) return;
    snprintf(live, sizeof live, "%s/live-%lu", shadow, inode);
    snprintf(durable, sizeof durable, "%s/durable-%lu", shadow, inode);
    copy(live, durable);
}

/* The pages of a mapped range, found in /proc/self/maps. */
static void keep_range(char *address, size_t bytes) {
    FILE *maps = fopen("/proc/self/maps", "r");
    char line[PATH_MAX + 128], durable[PATH_MAX + 64], live[PATH_MAX + 64];
    unsigned long low, high, offset, inode;
    while (maps && fgets(line, sizeof line, maps)) {
        if (sscanf(line, "%lx-%lx %*s %lx %*s %lu", &low, &high, &offset, &inode) != 4) continue;
        if ((unsigned long)address < low || (unsigned long)address >= high || !is_known(inode)) continue;
        struct stat status;
        snprintf(live, sizeof live, "%s/live-%lu", shadow, inode);
        snprintf(durable, sizeof durable, "%s/durable-%lu", shadow, inode);
        if (stat(live, &status)) give_up(live);
        int out = REAL(open)(durable, O_RDWR | O_CREAT, 0644);
        size_t size = ((bytes + 4095) & ~(size_t)4095);
        off_t place = (off_t)(offset + (unsigned long)address - low);
        if (place + (off_t)size > status.st_size) size = (size_t)(status.st_size - place);
        if (out < 0 || ftruncate(out, status.st_size) || REAL(pwrite)(out, address, size, place) != (ssize_t)size)
            give_up(durable);
        close(out);
    }
    if (maps) fclose(maps);
}

static void keep_names(void) {
    DIR *folder = opendir(root);
    size_t used = 0;
    names[0] = ops[0] = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            used += (size_t)snprintf(names + used, sizeof names - used, "%s %lu\n", entry->d_name,
                                     (unsigned long)entry->d_ino);
    if (folder) closedir(folder);
}

static void note(const char *kind, const char *first, const char *second) {
    size_t used = strlen(ops);
    if (used + 256 > sizeof ops) give_up("too many changes of names");
    snprintf(ops + used, sizeof ops - used, "%s %s %s\n", kind, first, second);
}

/* It has its name when all is in it: what the program appends meanwhile may be, and whoever sees the name knows that nothing more is. */
static void image(const char *target) {
    char from[PATH_MAX + 64], to[PATH_MAX + 64], part[PATH_MAX + 8];
    if (taken++) return;        /* the power goes once */
    snprintf(part, sizeof part, "%s.part", target);
    if (mkdir(part, 0755)) give_up(part);
    for (int i = 0; i < known_count; i++)
        for (int durable = 0; durable < 2; durable++) {
            const char *kind = durable ? "durable" : "live";
            snprintf(from, sizeof from, "%s/%s-%lu", shadow, kind, known[i]);
            snprintf(to, sizeof to, "%s/%s-%lu", part, kind, known[i]);
            if (access(from, F_OK) == 0) copy(from, to);
        }
    snprintf(to, sizeof to, "%s/names", part);
    FILE *file = fopen(to, "w");
    if (!file) give_up(to);
    fprintf(file, "%s--\n%s", names, ops);
    fclose(file);
    if (REAL(renameat)(AT_FDCWD, part, AT_FDCWD, target)) give_up(target);
}

static void tick(void) {
    if (watching && ++ticks == cut_at) image(cut_target);
}

/* Begin anew with a folder (it may not be there yet) whose files are all on the disk. */
void disk_watch(const char *folder, const char *keep) {
    pthread_mutex_lock(&mutex);
    char path[PATH_MAX + 300];
    snprintf(root, sizeof root, "%s", folder);
    snprintf(shadow, sizeof shadow, "%s", keep);
    known_count = ticks = cut_at = taken = 0;
    DIR *open_folder = opendir(root);
    for (struct dirent *entry; open_folder && (entry = readdir(open_folder));)
        if (entry->d_name[0] != '.') {
            snprintf(path, sizeof path, "%s/%s", root, entry->d_name);
            know(path);
            keep_file(entry->d_ino);
        }
    if (open_folder) closedir(open_folder);
    keep_names();
    watching = 1;
    pthread_mutex_unlock(&mutex);
}

/* Write the image at this tick; 0: none. */
void disk_cut(int at, const char *target) {
    pthread_mutex_lock(&mutex);
    snprintf(cut_target, sizeof cut_target, "%s", target);
    cut_at = at;
    pthread_mutex_unlock(&mutex);
}

void disk_image(const char *target) {
    pthread_mutex_lock(&mutex);
    image(target);
    pthread_mutex_unlock(&mutex);
}

int disk_ticks(void) { return ticks; }

/* A call that changes the disk: fails as asked, and has a tick before and after it. */
#define BEGIN(call, is_ours, failed)                                          \
    int ours = (is_ours);                                                     \
    if (ours) {                                                               \
        int fault = fails(call);                                              \
        if (fault) { errno = fault; return failed; }                          \
        pthread_mutex_lock(&mutex);                                           \
        tick();                                                               \
    }
#define END                                                                   \
    if (ours) {                                                               \
        int kept = errno;                                                     \
        tick();                                                               \
        pthread_mutex_unlock(&mutex);                                         \
        errno = kept;                                                         \
    }

/* ---------------------------------------------------------------------------------------------------- calls */

static int sync_file(int call, const char *name, int file, int (*real)(int)) {
    BEGIN(call, file_below_root(file), -1)
    struct stat status;
    int result = 0;
    if (!watching) result = real(file);
    else if (ours && strcmp(lies, name) && fstat(file, &status) == 0) {
        if (S_ISDIR(status.st_mode)) keep_names();
        else keep_file(status.st_ino);
    }
    END
    return result;
}

int fdatasync(int file) { return sync_file(FDATASYNC, "fdatasync", file, REAL(fdatasync)); }
int fsync(int file) { return sync_file(FSYNC, "fsync", file, REAL(fsync)); }

int msync(void *address, size_t bytes, int flags) {
    BEGIN(MSYNC, root[0] != 0, -1)
    int result = 0;
    if (watching && strcmp(lies, "msync")) keep_range(address, bytes);
    else if (!watching) result = REAL(msync)(address, bytes, flags);
    END
    return result;
}

int sync_file_range(int file, off64_t offset, off64_t bytes, unsigned flags) {
    return watching ? 0 : REAL(sync_file_range)(file, offset, bytes, flags);
}

int posix_fallocate(int file, off_t offset, off_t bytes) {
    int fault = file_below_root(file) ? fails(FALLOCATE) : 0;
    return fault ? fault : REAL(posix_fallocate)(file, offset, bytes);
}
int posix_fallocate64(int file, off64_t offset, off64_t bytes) { return posix_fallocate(file, offset, bytes); }

ssize_t pwrite(int file, const void *data, size_t bytes, off_t offset) {
    if (file_below_root(file)) {
        int fault = fails(PWRITE);
        if (fault) { errno = fault; return -1; }
        if (bytes > 4096 && faults[PWRITE].times) bytes = 4096;     /* a part first, as before a disk is full */
    }
    return REAL(pwrite)(file, data, bytes, offset);
}
ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t offset) { return pwrite(file, data, bytes, offset); }

int openat(int folder, const char *name, int flags, ...) {
    char path[PATH_MAX];
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    if (!(flags & O_CREAT)) return REAL(openat)(folder, name, flags);
    path_at(folder, name, path);
    BEGIN(CREATE, below_root(path), -1)
    int file = REAL(openat)(folder, name, flags, mode);
    struct stat status;
    if (ours && watching && file >= 0 && fstat(file, &status) == 0) {
        char inode[32];
        snprintf(inode, sizeof inode, "%lu", (unsigned long)status.st_ino);
        know(path);
        note("create", last_of(name), inode);
    }
    END
    return file;
}
int openat64(int folder, const char *name, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return openat(folder, name, flags, mode);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to) {
    char path[PATH_MAX];
    path_at(to_folder, to, path);
    BEGIN(RENAME, below_root(path), -1)
    int result = REAL(renameat)(from_folder, from, to_folder, to);
    if (ours && watching && result == 0) note("rename", last_of(from), last_of(to));
    END
    return result;
}
int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

int unlinkat(int folder, const char *name, int flags) {
    char path[PATH_MAX];
    path_at(folder, name, path);
    BEGIN(UNLINK, below_root(path), -1)
    int result = REAL(unlinkat)(folder, name, flags);
    if (ours && watching && result == 0) note("unlink", last_of(name), "-");
    END
    return result;
}
int unlink(const char *name) { return unlinkat(AT_FDCWD, name, 0); }
