/* allocations.c: counts allocations, for LD_PRELOAD: into the file that ALLOCATIONS names go two counts of 64 bits, of
 * those that the program itself has asked for, and of those that its libraries have. The program's are known by where
 * the call comes from. */
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

typedef struct Counts {
    _Atomic uint64_t own;
    _Atomic uint64_t libraries;
} Counts;

/* glibc's own, under the names that it keeps for who takes its place. */
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static Counts unmapped;
static Counts *counts = &unmapped;
static uintptr_t program_from;
static uintptr_t program_to;

static int program_find(struct dl_phdr_info *info, size_t size, void *unused) {
    (void)size;
    (void)unused;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        if (info->dlpi_phdr[i].p_type == PT_LOAD && (info->dlpi_phdr[i].p_flags & PF_X) != 0) {
            program_from = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr;
            program_to = program_from + info->dlpi_phdr[i].p_memsz;
        }
    }
    return 1; /* the first is the program */
}

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("ALLOCATIONS");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    dl_iterate_phdr(program_find, NULL);
    if (fd < 0)
        return;
    void *mapped = mmap(NULL, sizeof(Counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped != MAP_FAILED)
        counts = mapped;
    close(fd);
    unsetenv("LD_PRELOAD"); /* PostgreSQL is not counted */
}

static void count(const void *caller) {
    bool own = (uintptr_t)caller >= program_from && (uintptr_t)caller < program_to;
    atomic_fetch_add_explicit(own ? &counts->own : &counts->libraries, 1, memory_order_relaxed);
}

void *malloc(size_t size) {
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

void *calloc(size_t number, size_t size) {
    count(__builtin_return_address(0));
    return __libc_calloc(number, size);
}

void *realloc(void *old, size_t size) {
    count(__builtin_return_address(0));
    return __libc_realloc(old, size);
}
