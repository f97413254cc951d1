/* SPDX-License-Identifier: BSD-2-Clause
 *
 * The ring queue of user/lib/ring.c and ring_wait.c: two processes on two CPUs, each of which may be
 * preempted between any two accesses to memory, and whose stores are seen by the other only some
 * time later, in their order: each CPU has a store buffer, as x86 does (total store order). Nobody
 * reads what it has written itself, so no load is ever answered out of a buffer.
 *
 *   P   the producer: puts TOTAL records, in batches as it likes, and closes the ring
 *   C   the consumer: takes them, in batches as it likes, until it is told of the end
 *   B   empties the store buffers
 *
 * A record is two halves, so that one that is torn shows. A step is one access to memory, a store
 * into the buffer, or one system call; `mirrors:` names the function of user/lib that it stands for.
 * What begins with g_ only watches. Who waits and is not told is a deadlock.
 */

#ifndef ONLY
#define ONLY 0
#endif
#define ORDER 1   /* each record is taken once, in its order */
#define TORN 2    /* and whole */
#define LOST 3    /* who is told of the end has taken all records */
#define NOTICES 4 /* there are no more notices than announcements, and the one of the end */
#define LAW(n, e) assert((ONLY != 0 && ONLY != n) || (e))

#ifdef TRAIL
#define SEEN(what) skip
#else
c_decl {
    static void seen(const char *what)
    {
        static const char *known[64];
        int i;

        for (i = 0; i < 64 && known[i] != 0; i++) {
            if (known[i] == what) {
                return;
            }
        }
        known[i] = what;
        printf("seen: %s\n", what);
    }
}
#define SEEN(what) c_code { seen(what); }
#endif

#ifndef TOTAL
#define TOTAL 3 /* records */
#endif
#ifndef COUNT
#define COUNT 2 /* that the ring has room for */
#endif
#define MOST (COUNT > 2 -> COUNT / 2 : 1) /* that a side waits for at once */
#define MASK 15  /* indices go round here, and not at 2^32 */
#define FIRST 14 /* the index at which both begin */
#define BUFFER 3 /* stores that a CPU holds back, at most */

#define PRODUCER 0
#define CONSUMER 1

/* What is shared. */
byte index[2] = FIRST;
byte wake[2] = FIRST - 1;
bool shut;
byte half[2 * COUNT]; /* of the records: 2 * i and 2 * i + 1 are one */
bool notice[2];       /* pending at a side */

/* A store that is held back: what it goes to, which one, the value. */
#define TO_INDEX 0
#define TO_WAKE 1
#define TO_STATE 2
#define TO_HALF 3
chan buffer[2] = [BUFFER] of { byte, byte, byte };

byte g_owed[2]; /* notices that a side may still be told */

#define me _pid
#define other (1 - _pid)
#define AWAY(a, b) (((a) - (b)) & MASK)

/* Of both sides: `shown` is `index` of struct lk_ring. */
#define OWN                                                                                       \
    byte shown = FIRST, ahead = FIRST, seen_index = FIRST, wanted, before, done;                  \
    bool tells, over

/* Those that can be put or taken without looking. */
#define USABLE (me == PRODUCER -> COUNT - AWAY(ahead, seen_index) : AWAY(seen_index, ahead))

inline show_index()
{
    shown = ahead;
    d_step { /* mirrors: lk_ring_publish (the index) */
        nfull(buffer[me]) -> buffer[me]!TO_INDEX,me,shown
    }
    d_step { /* mirrors: lk_ring_publish (the fence) */
        empty(buffer[me]) -> skip
    }
}

inline read_wish()
{
    d_step { /* mirrors: lk_ring_publish (what the other side wants) */
        tells = AWAY(ahead, wake[other] + 1) < AWAY(ahead, before)
    }
}

inline publish()
{
    before = shown;
    if
    :: ahead == before
    :: else ->
       show_index(); read_wish();
       if
       :: d_step { /* mirrors: lk_ring_flush, tell, post */
              tells -> notice[other] = true;
              LAW(NOTICES, g_owed[other] > 0);
              g_owed[other] = (g_owed[other] > 0 -> g_owed[other] - 1 : 0)
          }
       :: else -> SEEN("an index that nobody waits for")
       fi
    fi
}

inline read_state()
{
    d_step { /* mirrors: lk_ring_look, read_state */
        over = shut
    }
}

inline read_index()
{
    d_step { /* mirrors: lk_ring_look, read_index */
        seen_index = index[other]
    }
}

inline look()
{
    if
    :: USABLE >= wanted
    :: else ->
       read_state(); read_index()
    fi
}

/* Until there are `wanted`, or there will be no more. */
inline await()
{
    publish();
    if
    :: wanted = 1
    :: wanted = MOST
    fi;
    do
    :: d_step { /* mirrors: lk_ring_announce (the wish) */
           nfull(buffer[me]) -> buffer[me]!TO_WAKE,me,((ahead + wanted - 1 - (me == PRODUCER -> COUNT : 0)) & MASK);
           g_owed[me]++
       }
       d_step { /* mirrors: lk_ring_announce (the fence) */
           empty(buffer[me]) -> skip
       }
       look();
       if
       :: USABLE >= wanted || over -> SEEN("what was looked for after all"); break
       :: else
       fi;
       d_step { /* mirrors: lk_ring_await, wait */
           notice[me] -> notice[me] = false
       }
    od
}

active proctype P()
{
    OWN;

    do
    :: done < TOTAL ->
       wanted = 1;
       look();
       if
       :: USABLE > 0 ->
          done++;
          d_step { /* mirrors: move (its first bytes) */
              nfull(buffer[me]) -> buffer[me]!TO_HALF,2 * (ahead % COUNT),done
          }
          d_step { /* mirrors: move (its last) */
              nfull(buffer[me]) -> buffer[me]!TO_HALF,2 * (ahead % COUNT) + 1,done
          }
          ahead = (ahead + 1) & MASK;
          if
          :: publish()
          :: true /* more, in the same batch */
          fi
       :: else -> SEEN("a ring that is full"); await()
       fi
    :: else -> break
    od;
    publish();
    d_step { /* mirrors: lk_ring_shut */
        nfull(buffer[me]) -> buffer[me]!TO_STATE,0,1
    }
    d_step { /* mirrors: lk_ring_close, tell (its call of the kernel) */
        empty(buffer[me]) -> notice[other] = true
    }
}

active proctype C()
{
    byte first, last;
    OWN;

    do
    :: wanted = 1;
       look();
       if
       :: USABLE > 0 ->
          done++;
          d_step { /* mirrors: move (its first bytes) */
              first = half[2 * (ahead % COUNT)]
          }
          d_step { /* mirrors: move (its last) */
              last = half[2 * (ahead % COUNT) + 1]
          }
          d_step { /* user: looks at its copy */
              LAW(TORN, first == last);
              LAW(ORDER, first == done);
              ahead = (ahead + 1) & MASK
          }
          if
          :: publish()
          :: true
          fi
       :: USABLE == 0 && over -> break
       :: else -> SEEN("a ring that is empty"); await()
       fi
    od;
    skip;
    d_step { /* user: it was told of the end */
        LAW(LOST, done == TOTAL)
    }
}

active proctype B()
{
    byte to, which, value;

end:
    do
    :: d_step { /* user: a store of the producer's CPU is seen */
           nempty(buffer[PRODUCER]) -> buffer[PRODUCER]?to,which,value;
           if
           :: to == TO_INDEX -> index[which] = value
           :: to == TO_WAKE -> wake[which] = value
           :: to == TO_STATE -> shut = true
           :: to == TO_HALF -> half[which] = value
           fi;
           to = 0; which = 0; value = 0
       }
    :: d_step { /* user: one of the consumer's */
           nempty(buffer[CONSUMER]) -> buffer[CONSUMER]?to,which,value;
           if
           :: to == TO_INDEX -> index[which] = value
           :: to == TO_WAKE -> wake[which] = value
           fi;
           to = 0; which = 0; value = 0
       }
    od
}
