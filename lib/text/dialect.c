/* SPDX-License-Identifier: MIT */
/*
 * dialect.c - how sure a decision about a file is, in words.
 */
#include "common.h"

#include "dialect.h"

const char *
bci_basis_name(enum bci_basis basis)
{
	switch (basis) {
	case BCI_GIVEN:
		return "given";
	case BCI_STATED:
		return "stated";
	case BCI_FOUND:
		return "found";
	case BCI_ASSUMED:
		break;
	}
	return "assumed";
}
