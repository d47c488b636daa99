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
compare_entries(const void *a, const void *b)
{
	const char *ka = ((const CdpEntry *) a)->key;
	const char *kb = ((const CdpEntry *) b)->key;
	size_t		na = strlen(ka),
				nb = strlen(kb);

	if (na != nb)
		return na < nb ? -1 : 1;
	return memcmp(ka, kb, na);
}

static void
sort_table(CdpTable *table)
{
	int			n = 0;

	qsort(table->entry, table->n, sizeof(CdpEntry), compare_entries);
	for (size_t len = 0; len <= CDP_LONGEST_KEY; len++)
	{
		table->from[len] = n;
		while (n < table->n && strlen(table->entry[n].key) == len)
			n++;
	}
	table->from[CDP_LONGEST_KEY + 1] = n;
	table->sorted = true;
}

const CdpEntry *
cdp_table_find(CdpTable *table, const char *key, size_t len)
{
	int			low,
				high;

	if (!table->sorted)
		sort_table(table);
	if (len > CDP_LONGEST_KEY)
	{
		for (int i = table->from[CDP_LONGEST_KEY + 1]; i < table->n; i++)
			if (strlen(table->entry[i].key) == len && memcmp(key, table->entry[i].key, len) == 0)
				return &table->entry[i];
		return NULL;
	}
	low = table->from[len];
	high = table->from[len + 1] - 1;
	while (low <= high)
	{
		int			mid = (low + high) / 2;
		int			cmp = memcmp(key, table->entry[mid].key, len);

		if (cmp == 0)
			return &table->entry[mid];
		if (cmp < 0)
			high = mid - 1;
		else
			low = mid + 1;
	}
	return NULL;
}
