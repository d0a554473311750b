/* SPDX-License-Identifier: MIT */
/*
 * guard.pml - lookups of readers that LMDB does not know.
 *
 * What is modelled: a catalogue whose commits write changed pages to pages that
 * no snapshot known to LMDB needs any more; a guarded reader, which is in no
 * table, reads root and leaf under a shared lock; the writer takes that lock
 * exclusively around its commit, behind a gate that lets it in.
 *
 * What must hold: a lookup sees the pages of one commit, and the writer gets in.
 *
 * Broken twins: UNGUARDED reads without the lock, COPY_LATE lets go of it before
 * the leaf is copied.
 */
#define COMMITS 3
#define READERS 2

byte page[2];       /* the commit whose leaf a page has */
byte root;          /* the page that the newest commit's root names */
byte commit;
byte shared;        /* readers that hold the lock */
bool exclusive, gate;

active proctype writer()
{
	do
	:: commit == COMMITS -> break
	:: else ->
		atomic { !gate -> gate = true };
		atomic { shared == 0 && !exclusive -> exclusive = true };
		gate = false;
		/* The page that the commit before last used is free. */
		page[1 - root] = commit + 1;
		root = 1 - root;
		commit++;
		exclusive = false
	od
}

proctype reader()
{
	byte at, expected, got;

#ifndef UNGUARDED
	atomic { !gate -> gate = true };
	atomic { !exclusive -> shared++ };
	gate = false;
#endif
	atomic { at = root; expected = commit };
#ifdef COPY_LATE
	shared--;
#endif
	got = page[at];
#if !defined(UNGUARDED) && !defined(COPY_LATE)
	shared--;
#endif
	assert(got == expected)
}

init {
	atomic { run reader(); run reader() }
}
