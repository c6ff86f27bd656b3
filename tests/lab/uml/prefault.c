/* Preloaded into the programs of a lab node: maps their memory in batches, ahead, instead of page by page.
 *
 * The first touch of a page is a signal in User-Mode Linux, which the kernel reads and answers through ptrace: some
 * 100 microseconds, and most of what a short command costs. Pages that are there already and whose protection is then
 * changed are told to the host all at once, 1 to 2 microseconds each. So that is done to what a program is loaded from,
 * to the begin of its heap, and to what it maps later. Nothing that a program sees is different but its time.
 *
 * Protection is only ever widened in between: nothing that runs or is read meanwhile can be missing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define PAGE 4096UL
#define ALL (PROT_READ | PROT_WRITE | PROT_EXEC)
#define LARGEST (16UL << 20) /* what is larger is rarely used whole */
#define HEAP (256UL << 10)
#define PYTHON_HEAP (12UL << 20)
#define OBJECTS 256

static uintptr_t seen[OBJECTS];
static int seen_count;

static void map_ahead(uintptr_t from, uintptr_t to, int protection) {
  from &= ~(PAGE - 1), to = (to + PAGE - 1) & ~(PAGE - 1);
  if (to <= from || to - from > LARGEST || protection == ALL) return;
  int kept = errno;
  int way = protection & PROT_WRITE ? MADV_POPULATE_WRITE : MADV_POPULATE_READ;
  if (!madvise((void *)from, to - from, way) && !mprotect((void *)from, to - from, ALL))
    mprotect((void *)from, to - from, protection);
  errno = kept;
}

static int map_object(struct dl_phdr_info *info, size_t size, void *argument) {
  (void)size, (void)argument;
  const ElfW(Phdr) *first = info->dlpi_phdr, *end = first + info->dlpi_phnum, *fixed = NULL;
  for (int each = 0; each < seen_count; each++)
    if (seen[each] == (uintptr_t)first) return 0;
  if (seen_count == OBJECTS) return 1;
  seen[seen_count++] = (uintptr_t)first;
  for (const ElfW(Phdr) *part = first; part < end; part++)
    if (part->p_type == PT_GNU_RELRO) fixed = part;
  for (const ElfW(Phdr) *part = first; part < end; part++) {
    if (part->p_type != PT_LOAD) continue;
    int protection = (part->p_flags & PF_R ? PROT_READ : 0) | (part->p_flags & PF_W ? PROT_WRITE : 0) |
                     (part->p_flags & PF_X ? PROT_EXEC : 0);
    uintptr_t from = info->dlpi_addr + part->p_vaddr, to = from + part->p_memsz;
    /* The loader has made the begin of a writable part fixed. */
    if (fixed && protection & PROT_WRITE && fixed->p_vaddr >= part->p_vaddr && fixed->p_vaddr < part->p_vaddr + part->p_memsz)
      from = (info->dlpi_addr + fixed->p_vaddr + fixed->p_memsz) & ~(PAGE - 1);
    map_ahead(from, to, protection);
  }
  return 0;
}

__attribute__((constructor)) static void begin(void) {
  dl_iterate_phdr(map_object, NULL);
  size_t heap = strncmp(program_invocation_short_name, "python", 6) ? HEAP : PYTHON_HEAP;
  /* One heap, which keeps what it once had: no memory that comes and goes, and has to be mapped each time. */
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  uintptr_t from = (uintptr_t)sbrk(0);
  void *volatile made = malloc(heap);
  free(made);
  map_ahead(from, (uintptr_t)sbrk(0), PROT_READ | PROT_WRITE);
}

void *dlopen(const char *path, int mode) {
  static void *(*real)(const char *, int);
  if (!real) real = (void *(*)(const char *, int))dlsym(RTLD_NEXT, "dlopen");
  void *made = real(path, mode);
  if (made) dl_iterate_phdr(map_object, NULL);
  return made;
}

static void *mapped(void *at, size_t length, int protection, int flags) {
  int plain = MAP_PRIVATE | MAP_ANONYMOUS;
  if (at != MAP_FAILED && protection == (PROT_READ | PROT_WRITE) && (flags & ~MAP_FIXED) == plain)
    map_ahead((uintptr_t)at, (uintptr_t)at + length, protection);
  return at;
}

void *mmap(void *at, size_t length, int protection, int flags, int file, off_t offset) {
  static void *(*real)(void *, size_t, int, int, int, off_t);
  if (!real) real = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, "mmap");
  return mapped(real(at, length, protection, flags, file, offset), length, protection, flags);
}

void *mmap64(void *at, size_t length, int protection, int flags, int file, off_t offset) {
  return mmap(at, length, protection, flags, file, offset);
}
