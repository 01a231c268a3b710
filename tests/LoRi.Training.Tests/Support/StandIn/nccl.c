/* Stands in for NCCL and for CUDA's driver where there is no card: tensors are memory of the processor, and ranks are processes, or
 * threads, that share memory of the system. Sends and receives of a group end in ncclGroupEnd.
 *
 * What a test may ask for, by variables of the environment, each for every rank or for one alone (as ncclSend@1), from the first call on
 * or from a later one (ncclSend@1#20):
 *   STANDIN_FAIL     this call fails; for "values" a byte of what is sent is another one
 *   STANDIN_HANG     this call does not come back
 *   STANDIN_VERSION  the code of another version (20408@1)
 *   STANDIN_CARDS    how many cards there are, 8 where it is left out
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define RANKS 8
#define ROOM (1 << 16)
#define ID 128
#define OPERATIONS 64

enum { success = 0, cudaError = 1, systemError = 2, invalidArgument = 4, invalidUsage = 5 };

int lori_cards_on_host = 1;

/* How often a group was left or ended. */
atomic_int lori_ends;

typedef struct { char bytes[ID]; } id;

/* What one rank sends to another. */
typedef struct { atomic_ulong written, taken; unsigned char ring[ROOM]; } lane;

typedef struct { atomic_int here; lane lanes[RANKS][RANKS]; } board;

typedef struct { int rank, size; board *shared; atomic_int ended; } group;

typedef struct { int sends, peer; unsigned char *at; size_t left; group *of; } operation;

static _Thread_local operation pending[OPERATIONS];
static _Thread_local int count, depth, onCard, looks;
static char words[256];

/* Whether a call of a rank is the one that a variable names. */
static int named(const char *variable, const char *call, int rank) {
    static atomic_int calls[2];
    const char *value = getenv(variable);
    size_t length = strlen(call);
    if (!value || strncmp(value, call, length) || (value[length] && value[length] != '@' && value[length] != '#'))
        return 0;
    const char *only = strchr(value, '@'), *from = strchr(value, '#');
    if (only && atoi(only + 1) != rank)
        return 0;
    int which = !strcmp(variable, "STANDIN_HANG");
    return !from || atomic_fetch_add(&calls[which], 1) + 1 >= atoi(from + 1);
}

static int launched(void) {
    const char *rank = getenv("OMPI_COMM_WORLD_RANK");
    if (!rank)
        rank = getenv("PMI_RANK");
    return rank ? atoi(rank) : 0;
}

static int begin(const char *call, int rank) {
    while (named("STANDIN_HANG", call, rank))
        sleep(1);
    if (!named("STANDIN_FAIL", call, rank))
        return success;
    snprintf(words, sizeof words, "%s was told to fail", call);
    return systemError;
}

#define BEGIN(call, rank) do { int code = begin(call, rank); if (code) return code; } while (0)

const char *ncclGetErrorString(int code) { return code == systemError ? "unhandled system error" : "error of the stand-in"; }

const char *ncclGetLastError(void *of) { (void)of; return words; }

int ncclGetVersion(int *code) {
    const char *value = getenv("STANDIN_VERSION");
    const char *only = value ? strchr(value, '@') : 0;
    *code = value && (!only || atoi(only + 1) == launched()) ? atoi(value) : 21805;
    return success;
}

/* All 128 bytes count: those behind the name are known. */
static char filling(int place) { return (char)(place * 7 + 3); }

int ncclGetUniqueId(id *made) {
    static atomic_int number;
    BEGIN("ncclGetUniqueId", launched());
    int used = snprintf(made->bytes, ID, "/lori-standin-%d-%d", (int)getpid(), atomic_fetch_add(&number, 1));
    for (int place = used + 1; place < ID; place++)
        made->bytes[place] = filling(place);
    return success;
}

int ncclCommInitRank(void **made, int size, id of, int rank) {
    BEGIN("ncclCommInitRank", rank);
    if (!onCard) {
        snprintf(words, sizeof words, "the calling thread has no card");
        return cudaError;
    }
    for (int place = (int)strnlen(of.bytes, ID) + 1; place < ID; place++)
        if (of.bytes[place] != filling(place)) {
            snprintf(words, sizeof words, "byte %d of the id is another one", place);
            return invalidArgument;
        }
    if (size > RANKS)
        return invalidArgument;
    int file = shm_open(of.bytes, O_CREAT | O_RDWR, 0600);
    if (file < 0 || ftruncate(file, sizeof(board)))
        return systemError;
    board *shared = mmap(0, sizeof(board), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (shared == MAP_FAILED)
        return systemError;
    group *own = malloc(sizeof *own);
    *own = (group){ .rank = rank, .size = size, .shared = shared };
    atomic_fetch_add(&shared->here, 1);
    for (int waited = 0; atomic_load(&shared->here) < size; waited++) {
        if (waited > 60000)
            return systemError;
        usleep(1000);
    }
    if (rank == 0)
        shm_unlink(of.bytes);
    *made = own;
    return success;
}

/* Moves what there is room for; gives how much. */
static size_t move(operation *one) {
    int rank = one->of->rank;
    lane *way = one->sends ? &one->of->shared->lanes[rank][one->peer] : &one->of->shared->lanes[one->peer][rank];
    unsigned long written = atomic_load(&way->written), taken = atomic_load(&way->taken);
    size_t most = one->sends ? ROOM - (written - taken) : written - taken;
    size_t moved = one->left < most ? one->left : most;
    for (size_t byte = 0; byte < moved; byte++)
        if (one->sends)
            way->ring[(written + byte) % ROOM] = one->at[byte];
        else
            one->at[byte] = way->ring[(taken + byte) % ROOM];
    if (moved && one->sends && named("STANDIN_FAIL", "values", rank))
        way->ring[written % ROOM] ^= 1;
    atomic_fetch_add(one->sends ? &way->written : &way->taken, moved);
    one->at += moved;
    one->left -= moved;
    return moved;
}

/* Carries the operations out, until the group is ended; those with the same rank one after the other. */
static void carry(void) {
    for (int left = 1; left && !(count && atomic_load(&pending[0].of->ended));) {
        size_t moved = 0;
        left = 0;
        for (int one = 0; one < count; one++) {
            int earlier = 0;
            for (int other = 0; other < one; other++)
                earlier |= pending[other].left && pending[other].peer == pending[one].peer && pending[other].sends == pending[one].sends;
            if (!earlier)
                moved += move(&pending[one]);
            left |= pending[one].left > 0;
        }
        if (!moved)
            sched_yield();
    }
    count = 0;
}

static int add(int sends, void *at, size_t bytes, int type, int peer, group *of, void *stream) {
    if (!onCard || !of || type != 1 || peer < 0 || peer >= of->size || stream || !bytes || !at || count == OPERATIONS) {
        snprintf(words, sizeof words, "%zu bytes of type %d with rank %d", bytes, type, peer);
        return invalidArgument;
    }
    pending[count++] = (operation){ sends, peer, at, bytes, of };
    if (!depth)
        carry();
    return success;
}

int ncclSend(void *at, size_t bytes, int type, int peer, group *of, void *stream) {
    BEGIN("ncclSend", of->rank);
    return add(1, at, bytes, type, peer, of, stream);
}

int ncclRecv(void *at, size_t bytes, int type, int peer, group *of, void *stream) {
    BEGIN("ncclRecv", of->rank);
    return add(0, at, bytes, type, peer, of, stream);
}

int ncclGroupStart(void) {
    BEGIN("ncclGroupStart", launched());
    depth++;
    return success;
}

int ncclGroupEnd(void) {
    BEGIN("ncclGroupEnd", launched());
    if (!depth)
        return invalidUsage;
    if (!--depth)
        carry();
    looks = 0;
    return success;
}

int ncclCommGetAsyncError(group *of, int *found) {
    *found = begin("ncclCommGetAsyncError", of->rank);
    return success;
}

static int leave(group *of) {
    munmap(of->shared, sizeof(board));
    free(of);
    return success;
}

int ncclCommDestroy(group *of) {
    atomic_fetch_add(&lori_ends, 1);
    BEGIN("ncclCommDestroy", of->rank);
    return leave(of);
}

/* Its memory stays: another thread may be in a call that hangs. */
int ncclCommAbort(group *of) {
    atomic_fetch_add(&lori_ends, 1);
    atomic_store(&of->ended, 1);
    return begin("ncclCommAbort", of->rank);
}

/* The driver. A list of visible cards is that of their numbers. */
static int visible(int *cards) {
    const char *all = getenv("STANDIN_CARDS"), *list = getenv("CUDA_VISIBLE_DEVICES");
    int most = all ? atoi(all) : 8, found = 0;
    if (!list) {
        for (; found < most; found++)
            cards[found] = found;
        return found;
    }
    while (*list) {
        cards[found++] = atoi(list);
        list = strchr(list, ',');
        if (!list)
            break;
        list++;
    }
    return found;
}

int cuInit(unsigned flags) { (void)flags; return begin("cuInit", launched()); }

int cuDeviceGetCount(int *found) {
    int cards[256];
    *found = visible(cards);
    return success;
}

int cuDeviceGet(int *card, int number) {
    int cards[256];
    if (number < 0 || number >= visible(cards))
        return 101;
    *card = cards[number];
    return success;
}

int cuDeviceGetUuid(unsigned char *uuid, int card) {
    for (int place = 0; place < 16; place++)
        uuid[place] = (unsigned char)(place == 15 ? card : 0xa0 + place);
    return success;
}

int cuDeviceGetName(char *name, int length, int card) {
    (void)card;
    snprintf(name, length, "Stand-in card");
    return success;
}

int cuDeviceGetPCIBusId(char *bus, int length, int card) {
    snprintf(bus, length, "0000:%02X:00.0", card + 1);
    return success;
}

int cuDevicePrimaryCtxRetain(void **context, int card) {
    *context = (void *)(size_t)(card + 1);
    return success;
}

int cuCtxSetCurrent(void *context) {
    onCard = (int)(size_t)context;
    return success;
}

/* Says twice that there is something to do yet. */
int cuStreamQuery(void *stream) {
    BEGIN("cuStreamQuery", launched());
    return stream ? 400 : looks++ < 2 ? 600 : success;
}

int cuGetErrorString(int code, const char **text) {
    (void)code;
    *text = "error of the stand-in's driver";
    return success;
}
