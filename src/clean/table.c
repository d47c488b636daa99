/*
 * table.c
 *	  Constant look-up tables of the clean room.
 *
 * Tables are written in the order that reads best and sorted once, at first use,
 * so that no order has to be kept by hand. A table belongs to one process, which
 * has one thread. Keys are compared by length first, then bytes.
 */
#include "clean/value.h"

#include <stdlib.h>

static int
compare_keys(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int
compare_entries(const void *a, const void *b)
{
	const char *ka = ((const CdpEntry *) a)->key;
	const char *kb = ((const CdpEntry *) b)->key;

	return compare_keys(ka, strlen(ka), kb, strlen(kb));
}

const CdpEntry *
cdp_table_find(CdpTable *table, const char *key, size_t len)
{
	int			low = 0;
	int			high = table->n - 1;

	if (!table->sorted)
	{
		qsort(table->entry, table->n, sizeof(CdpEntry), compare_entries);
		table->sorted = true;
	}
	while (low <= high)
	{
		int			mid = (low + high) / 2;
		int			cmp = compare_keys(key, len, table->entry[mid].key, strlen(table->entry[mid].key));

		if (cmp == 0)
			return &table->entry[mid];
		if (cmp < 0)
			high = mid - 1;
		else
			low = mid + 1;
	}
	return NULL;
}
