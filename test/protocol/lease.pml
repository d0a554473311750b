/* SPDX-License-Identifier: MIT */
/*
 * lease.pml - one fetch for all, with owners that die or fail.
 *
 * What is modelled: processes that want a value that is not there; the lease, a
 * lock that the kernel frees when its owner dies; waiters that sleep until a
 * lease ends or their probe comes due; a waiter whose patience ends and that
 * fetches without the lease; hand-overs that carry the revision seen.
 *
 * What must hold: holders of the lease never fetch at the same time, nobody
 * fetches what others stored while it waited, a late hand-over never replaces a newer value,
 * and no process waits for ever.
 *
 * Broken twins: NO_RECHECK fetches as soon as it has the lease, NO_PROBE sleeps
 * until somebody says that a lease ended, LATE_PUT stores whatever comes.
 */
#define PROCESSES 3
#define FAULTS    1
#define NOBODY    255

byte holder = NOBODY;
byte ended;              /* the word that waiters sleep on */
byte stored;             /* revision of what is stored; 0: nothing */
byte next_revision = 1;
byte fetching;           /* with the lease */
byte fetches;
byte faults;
byte done;
bool impatient; /* somebody fetched without the lease */

inline finish(me)
{
	atomic { fetching--; holder = NOBODY };
	ended++
}

proctype process(byte me)
{
	byte seen, base;
	bool patient = true;

	do
	:: stored != 0 -> break /* a hit */
	:: else ->
		base = stored;
		seen = ended;
		if
		:: atomic { holder == NOBODY -> holder = me; fetching++ };
			assert(fetching == 1);
#ifndef NO_RECHECK
			if
			:: stored != 0 -> finish(me); break
			:: else
			fi;
#endif
			base = stored;
			/* Nobody fetches twice who can wait. */
			assert(stored == 0 || impatient);
			fetches++;
			if
			:: faults < FAULTS -> /* killed: no wake */
				atomic {
					faults++; fetching--; holder = NOBODY
				};
				goto dead
			:: faults < FAULTS -> /* the fetch fails */
				faults++; finish(me)
			:: true ->
				atomic {
#ifndef LATE_PUT
					if
					:: stored == base ->
						stored = next_revision;
						next_revision++
					:: else
					fi
#else
					assert(stored == base);
					stored = next_revision;
					next_revision++
#endif
				};
				finish(me);
				break
			fi
		:: else ->
			if
			:: ended != seen -> skip  /* woken */
#ifndef NO_PROBE
			:: holder == NOBODY -> skip /* the probe finds it free */
#endif
			:: patient && me == 0 ->
				/* Its deadline: it fetches without the lease. */
				patient = false;
				impatient = true;
				base = stored;
				fetches++;
				atomic {
#ifndef LATE_PUT
					if
					:: stored == base ->
						stored = next_revision;
						next_revision++
					:: else
					fi
#else
					assert(stored == base);
					stored = next_revision;
					next_revision++
#endif
				};
				break
			fi
		fi
	od;
dead:
	done++
}

init {
	atomic {
		byte i = 0;
		do
		:: i < PROCESSES -> run process(i); i++
		:: else -> break
		od
	}
	done == PROCESSES /* else an invalid end state: somebody sleeps on */
}
