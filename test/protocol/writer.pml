/* SPDX-License-Identifier: MIT */
/*
 * writer.pml - taking turns at writing, with writers that die at any step.
 *
 * What is modelled: the lock on a byte of writer.lock with the gate before it,
 * both given back by the kernel when their holder dies; the two-step commit
 * (arena, then catalogue); a reader that takes whatever the catalogue names.
 *
 * What must hold: one writer at a time; the catalogue never names bytes that no
 * arena has committed; a committed value stays named; whoever has the gate is
 * the next to write.
 *
 * Broken twins: GATELESS takes the lock without the gate, CATALOGUE_FIRST
 * commits the two files in the wrong order.
 */
#define WRITERS 3
#define COMMITS 2
#define DEATHS  2
#define NOBODY  255

byte gate = NOBODY, lock = NOBODY;
byte inside;               /* writers that believe to have the lock */
byte arena_end, named_end; /* what the arena has, what is named of it */
byte acknowledged;         /* values whose puts returned */
byte deaths;

/* The kernel lets go of the locks of a process that is gone. */
inline die(me)
{
	atomic {
		deaths++;
		if
		:: lock == me -> lock = NOBODY; inside--
		:: else
		fi;
		if
		:: gate == me -> gate = NOBODY
		:: else
		fi
	}
}

#define MAY_DIE                                                                \
	if                                                                     \
	:: deaths < DEATHS -> die(me); goto dead                               \
	:: true                                                                \
	fi

proctype writer(byte me)
{
	byte commits, end;

	do
	:: commits == COMMITS -> break
	:: else ->
#ifndef GATELESS
		atomic { gate == NOBODY -> gate = me };
		MAY_DIE;
#endif
		atomic {
			lock == NOBODY -> lock = me; inside++;
			/* Nobody gets in before the one with the gate. */
			assert(gate == NOBODY || gate == me)
		};
#ifndef GATELESS
		gate = NOBODY;
#else
		if /* the gate as a sign only: who waits holds it */
		:: gate == me -> gate = NOBODY
		:: else
		fi;
#endif
		assert(inside == 1);
		MAY_DIE;
		end = arena_end + 1; /* appending begins at the arena's end */
#ifndef CATALOGUE_FIRST
		arena_end = end;
		MAY_DIE;
		named_end = end;
#else
		named_end = end;
		MAY_DIE;
		arena_end = end;
#endif
		MAY_DIE;
		assert(inside == 1);
		acknowledged++;
		commits++;
		atomic { inside--; lock = NOBODY }
	od;
dead:
	skip
}

#ifdef GATELESS
/* A waiter in the way that the gate is there for: it says that it waits. */
proctype waiter()
{
	atomic { gate == NOBODY -> gate = WRITERS };
	atomic { lock == NOBODY -> lock = WRITERS; gate = NOBODY; inside++ };
	assert(inside == 1);
	atomic { inside--; lock = NOBODY }
}
#endif

proctype reader()
{
	do
	:: atomic {
		assert(named_end <= arena_end); /* committed bytes only */
		assert(named_end >= acknowledged)
	   }
	:: break
	od
}

init {
	atomic {
		byte i = 0;
		do
		:: i < WRITERS -> run writer(i); i++
		:: else -> break
		od;
#ifdef GATELESS
		run waiter();
#endif
		run reader()
	}
}
