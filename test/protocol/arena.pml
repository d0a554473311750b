/* SPDX-License-Identifier: MIT */
/*
 * arena.pml - removing an arena while readers look things up in it.
 *
 * What is modelled: a writer that moves a segment to another arena, commits the
 * catalogue and unlinks the old file; in another process readers with lanes,
 * maps by arena number, pins; threads that take maps out of their chains and
 * unmap them when no lane is busy and nothing is pinned.
 *
 * What must hold: a reader never touches memory that was unmapped, and never
 * ends with nothing although the segment was there all the time.
 *
 * Broken twins: ASK_EARLY asks whether lanes are busy before the mutex of the
 * maps is taken, NO_LANES does not ask, NO_RETRY gives up when the file is gone,
 * UNLINK_FIRST unlinks before the catalogue is committed.
 */
#define READERS 2
#define ARENAS  2
#define MOVES   1

byte named;              /* the arena that the catalogue names */
bool linked[ARENAS];     /* its file is there */
bool chained[ARENAS];    /* the process has a map, to be found */
bool limbo[ARENAS];      /* taken out, not unmapped yet */
bool mapped[ARENAS];     /* the memory may be touched */
byte pins[ARENAS];
bool busy[READERS];      /* lanes */
bool mutex;              /* of the maps */

active proctype writer()
{
	byte moves, old;

	do
	:: moves == MOVES -> break
	:: else ->
		old = named;
		linked[old + 1] = true; /* filled before it is named */
#ifdef UNLINK_FIRST
		linked[old] = false;
		named = old + 1;
#else
		named = old + 1;
		linked[old] = false;
#endif
		moves++
	od
}

proctype reader(byte me)
{
	byte seen, tries;

	busy[me] = true;
again:
	seen = named;
	if
	:: chained[seen] -> skip
	:: else ->
		atomic { !mutex -> mutex = true };
		if
		:: chained[seen] -> mutex = false
		:: else ->
			if
			:: linked[seen] ->
				/* One map at a time under a number. */
				if
				:: limbo[seen] -> skip
				:: else -> mapped[seen] = true
				fi;
				chained[seen] = true;
				mutex = false
			:: else ->
				mutex = false;
#ifdef NO_RETRY
				assert(false); /* a miss without a reason */
#endif
				tries++;
				assert(tries <= MOVES);
				goto again
			fi
		fi
	fi;
	/* Found, and not pinned yet. */
	assert(mapped[seen]);
	pins[seen]++;
	busy[me] = false;
	assert(mapped[seen]); /* the view is used */
	assert(mapped[seen]);
	atomic { pins[seen]-- }
}

inline ask()
{
	quiet = true;
	i = 0;
	do
	:: i < READERS ->
		if
		:: busy[i] -> quiet = false
		:: else
		fi;
		i++
	:: else -> break
	od
}

/* A thread that lets go of what the catalogue names no more. */
proctype keeper()
{
	byte a, i;
	bool quiet;

	do
	:: a < ARENAS - 1 ->
		if
		:: chained[a] && named > a ->
			atomic { !mutex -> mutex = true };
			if
			:: chained[a] -> chained[a] = false; limbo[a] = true
			:: else
			fi;
			mutex = false
		:: true
		fi;
#ifdef ASK_EARLY
		ask();
#endif
		atomic { !mutex -> mutex = true };
#ifdef NO_LANES
		quiet = true;
#endif
#if !defined(ASK_EARLY) && !defined(NO_LANES)
		ask();
#endif
		if
		:: quiet ->
			i = 0;
			do
			:: i < ARENAS ->
				if
				:: limbo[i] && pins[i] == 0 ->
					limbo[i] = false;
					if
					:: !chained[i] -> mapped[i] = false
					:: else
					fi
				:: else
				fi;
				i++
			:: else -> break
			od
		:: else
		fi;
		mutex = false;
		a++
	:: a >= ARENAS - 1 -> break
	od
}

init {
	atomic {
		linked[0] = true;
		if /* the process has mapped it before, or not */
		:: chained[0] = true; mapped[0] = true
		:: true
		fi;
		run reader(0); run reader(1); run keeper(); run keeper()
	}
}
