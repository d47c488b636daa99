/*
 * constraint.c
 *	  Constraints of clustering: what a cluster holds, what it must not meet, and the
 *	  components that are taken apart because of it.
 *
 * Step 3 of the definition in cluster.c: evidence is read again, in canonical order, for
 * the records of the components in which some constraint would be violated, and every
 * join asks first. What is refused goes to refused_merge. Step 4 (link.c) asks here too.
 *
 * Memory: some 64 bytes for each of these records, in the current memory context.
 */
#include "identity/cluster.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

static int
compare_held(const void *a, const void *b)
{
	const CdpHeld *x = a,
			   *y = b;

	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->value < y->value ? -1 : x->value > y->value;
}

static void
hold_value(CdpHeldSet *set, CdpHeld item)
{
	set->items = set->items ? repalloc(set->items, (set->n + 1) * sizeof(CdpHeld)) : palloc(sizeof(CdpHeld));
	set->items[set->n++] = item;
}

static void
hold_enemy(CdpHeldSet *set, int32 node)
{
	set->enemies = set->enemies ? repalloc(set->enemies, (set->n_enemies + 1) * sizeof(int32)) : palloc(sizeof(int32));
	set->enemies[set->n_enemies++] = node;
}

/*
 * Would joining two clusters break a constraint? NULL when not, else its name:
 * "ruling" or the limited kind.
 */
static const text *
forbidden(CdpRebuild *rb, int32 root_a, int32 root_b)
{
	CdpHeldSet *a = cdp_graph_held(rb, root_a),
			   *b = cdp_graph_held(rb, root_b);
	int			i = 0,
				j = 0;

	if (a->n_enemies > b->n_enemies)
	{
		CdpHeldSet *t = a;
		int32		r = root_a;

		a = b;
		b = t;
		root_a = root_b;
		root_b = r;
	}
	for (int e = 0; e < a->n_enemies; e++)
		if (cdp_graph_root(rb->g, a->enemies[e]) == root_b)
			return cstring_to_text("ruling");

	while (i < a->n || j < b->n)
	{
		int			kind;
		int			distinct = 0;

		if (i < a->n && (j >= b->n || a->items[i].kind <= b->items[j].kind))
			kind = a->items[i].kind;
		else
			kind = b->items[j].kind;
		while ((i < a->n && a->items[i].kind == kind) || (j < b->n && b->items[j].kind == kind))
		{
			bool		in_a = i < a->n && a->items[i].kind == kind;
			bool		in_b = j < b->n && b->items[j].kind == kind;

			if (in_a && in_b && a->items[i].value == b->items[j].value)
				i++, j++;
			else if (in_a && (!in_b || a->items[i].value < b->items[j].value))
				i++;
			else
				j++;
			distinct++;
		}
		if (distinct > rb->g->kinds[kind].max_per_profile)
			return rb->g->kinds[kind].name;
	}
	return NULL;
}

void
cdp_graph_merge_held(CdpHeldSet *into, CdpHeldSet *from)
{
	CdpHeld *items;
	int			n = 0,
				i = 0,
				j = 0;

	if (from->n > 0)
	{
		items = palloc((into->n + from->n) * sizeof(CdpHeld));
		while (i < into->n || j < from->n)
		{
			int			c = i >= into->n ? 1 : j >= from->n ? -1 : compare_held(&into->items[i], &from->items[j]);

			items[n++] = c <= 0 ? into->items[i] : from->items[j];
			if (c <= 0)
				i++;
			if (c >= 0)
				j++;
		}
		if (into->items)
			pfree(into->items);
		pfree(from->items);
		into->items = items;
		into->n = n;
		from->items = NULL;
		from->n = 0;
	}
	for (int e = 0; e < from->n_enemies; e++)
		hold_enemy(into, from->enemies[e]);
	from->n_enemies = 0;
}

/* Joins two nodes' clusters unless a constraint forbids it; returns the constraint that did. */
const text *
cdp_graph_try_join(CdpRebuild *rb, int32 a, int32 b)
{
	int32		root_a = cdp_graph_root(rb->g, a),
				root_b = cdp_graph_root(rb->g, b);
	const text *why;

	if (root_a == root_b)
		return NULL;
	why = forbidden(rb, root_a, root_b);
	if (why == NULL)
	{
		cdp_graph_join(rb->g, root_a, root_b);
		if (root_a < root_b)
			cdp_graph_merge_held(cdp_graph_held(rb, root_a), cdp_graph_held(rb, root_b));
		else
			cdp_graph_merge_held(cdp_graph_held(rb, root_b), cdp_graph_held(rb, root_a));
	}
	return why;
}

void
cdp_graph_note_refusal(CdpRebuild *rb, int32 a, int32 b, Datum kind, Datum value, const text *why)
{
	if (rb->n_refused == rb->a_refused)
	{
		int			n = rb->a_refused;

		rb->refused_a = cdp_graph_grow(rb->refused_a, &n, sizeof(int64));
		rb->refused_b = cdp_graph_grow(rb->refused_b, &rb->a_refused, sizeof(int64));
	}
	rb->refused_a[rb->n_refused] = Min(rb->g->record[a], rb->g->record[b]);
	rb->refused_b[rb->n_refused++] = Max(rb->g->record[a], rb->g->record[b]);
	rb->refused_kind = accumArrayResult(rb->refused_kind, kind, false, TEXTOID, CurrentMemoryContext);
	rb->refused_value = accumArrayResult(rb->refused_value, value, false, TEXTOID, CurrentMemoryContext);
	rb->refused_by = accumArrayResult(rb->refused_by, PointerGetDatum(why), false, TEXTOID, CurrentMemoryContext);
}

static bool
same_hub(const StringInfo kept, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	return kept->len == VARSIZE_ANY_EXHDR(t) && memcmp(kept->data, VARDATA_ANY(t), kept->len) == 0;
}

static void
keep_hub(StringInfo kept, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	resetStringInfo(kept);
	appendBinaryStringInfo(kept, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

/*
 * Rows (kind, value, record_id) in canonical order. Each record tries the
 * clusters met in its hub, in the order in which they were met. A cluster is
 * represented by one of its nodes; two representatives that have become one
 * cluster through the join are both kept, the second look is free.
 */
static void
evidence_row(TupleTableSlot *slot, void *state)
{
	CdpRebuild *rb = state;
	int32		node = cdp_graph_node(rb->g, DatumGetInt64(slot->tts_values[2]));

	CHECK_FOR_INTERRUPTS();
	if (node < 0 || !rb->in_conflict[node])
		return;
	if (!rb->open || !same_hub(&rb->hub_kind, slot->tts_values[0]) || !same_hub(&rb->value, slot->tts_values[1]))
	{
		keep_hub(&rb->hub_kind, slot->tts_values[0]);
		keep_hub(&rb->value, slot->tts_values[1]);
		rb->open = true;
		rb->n_reps = 0;
		rb->contradicted = cdp_graph_is_contradicted(rb->g, slot->tts_values[0], slot->tts_values[1]);
	}
	if (rb->contradicted)
		return;
	for (int i = 0; i < rb->n_reps; i++)
	{
		const text *why = cdp_graph_try_join(rb, rb->rep[i], node);

		if (why == NULL)
			return;
		cdp_graph_note_refusal(rb, rb->rep[i], node, slot->tts_values[0], slot->tts_values[1], why);
	}
	if (rb->n_reps == rb->a_reps)
		rb->rep = cdp_graph_grow(rb->rep, &rb->a_reps, sizeof(int32));
	rb->rep[rb->n_reps++] = node;
}

static ArrayType *
array_of(Datum *values, int n, Oid type)
{
	if (type == INT8OID)
		return construct_array(values, n, INT8OID, sizeof(int64), true, TYPALIGN_DOUBLE);
	if (type == INT4OID)
		return construct_array(values, n, INT4OID, sizeof(int32), true, TYPALIGN_INT);
	return construct_array(values, n, TEXTOID, -1, false, TYPALIGN_INT);
}

void
cdp_graph_write_refusals(CdpRebuild *rb)
{
	Datum	   *a,
			   *b;
	Oid			argtypes[5] = {INT8ARRAYOID, INT8ARRAYOID, TEXTARRAYOID, TEXTARRAYOID, TEXTARRAYOID};
	Datum		args[5];

	if (rb->n_refused == 0)
		return;
	a = palloc(rb->n_refused * sizeof(Datum));
	b = palloc(rb->n_refused * sizeof(Datum));
	for (int i = 0; i < rb->n_refused; i++)
	{
		a[i] = Int64GetDatum(rb->refused_a[i]);
		b[i] = Int64GetDatum(rb->refused_b[i]);
	}
	args[0] = PointerGetDatum(array_of(a, rb->n_refused, INT8OID));
	args[1] = PointerGetDatum(array_of(b, rb->n_refused, INT8OID));
	args[2] = makeArrayResult(rb->refused_kind, CurrentMemoryContext);
	args[3] = makeArrayResult(rb->refused_value, CurrentMemoryContext);
	args[4] = makeArrayResult(rb->refused_by, CurrentMemoryContext);
	SPI_execute_with_args(psprintf("INSERT INTO %s.refused_merge (record_a, record_b, kind, value, refused_by)"
								   " SELECT DISTINCT ON (a, b, k, v) a, b, k, v, y"
								   " FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) AS u(a, b, k, v, y)"
								   " ORDER BY a, b, k, v, y ON CONFLICT DO NOTHING", rb->g->schema),
						  5, argtypes, args, NULL, false, 0);
}

/*
 * Numbers the chosen nodes and collects what constraints say about each: limited values
 * that it holds, records that it must not meet.
 */
void
cdp_graph_hold(CdpRebuild *rb, int n_members)
{
	CdpGraph *g = rb->g;
	int			n = 0;

	for (int32 i = 0; i < g->n; i++)
		if (rb->in_conflict[i])
			g->count[i] = n++;
	rb->held = MemoryContextAllocExtended(CurrentMemoryContext, n_members * sizeof(CdpHeldSet), MCXT_ALLOC_HUGE | MCXT_ALLOC_ZERO);

	/* a ruling that leaves the conflict leaves the component, and the two never meet */
	for (int i = 0; i < g->n_different; i++)
		if (rb->in_conflict[g->different[i][0]] && rb->in_conflict[g->different[i][1]])
		{
			hold_enemy(cdp_graph_held(rb, g->different[i][0]), g->different[i][1]);
			hold_enemy(cdp_graph_held(rb, g->different[i][1]), g->different[i][0]);
		}
	for (int i = 0; i < g->n_holders; i++)
		if (rb->in_conflict[g->holder[i].node])
			hold_value(cdp_graph_held(rb, g->holder[i].node), g->holder[i].held);
}

void
cdp_graph_rebuild_conflicts(CdpGraph *g)
{
	CdpRebuild rb = {.g = g};
	MemoryContext own,
				old;
	Datum	   *members,
			   *kind_names,
			   *kind_numbers,
			   *kind_priorities,
			   *kind_limits;
	bool	   *in_conflict;
	int			n_members = 0;
	Oid			argtypes[5] = {INT8ARRAYOID, TEXTARRAYOID, INT4ARRAYOID, INT4ARRAYOID, INT4ARRAYOID};
	Datum		args[5];
	int			n;

	own = AllocSetContextCreate(g->work, "cdp clustering, conflicts", ALLOCSET_DEFAULT_SIZES);
	old = MemoryContextSwitchTo(own);
	in_conflict = MemoryContextAllocHuge(own, g->n);
	for (int32 i = 0; i < g->n; i++)
	{
		in_conflict[i] = g->conflict[cdp_graph_root(g, i)];
		n_members += in_conflict[i];
	}
	if (n_members == 0)
	{
		MemoryContextSwitchTo(old);
		MemoryContextDelete(own);
		return;
	}
	rb.in_conflict = in_conflict;
	for (int32 i = 0; i < g->n; i++)
		if (in_conflict[i])
			g->parent[i] = i;
	cdp_graph_hold(&rb, n_members);
	initStringInfo(&rb.value);
	initStringInfo(&rb.hub_kind);
	members = MemoryContextAllocHuge(own, n_members * sizeof(Datum));
	n = 0;
	for (int32 i = 0; i < g->n; i++)
		if (in_conflict[i])
			members[n++] = Int64GetDatum(g->record[i]);
	args[0] = PointerGetDatum(array_of(members, n_members, INT8OID));
	kind_names = palloc(g->n_kinds * sizeof(Datum));
	kind_numbers = palloc(g->n_kinds * sizeof(Datum));
	kind_priorities = palloc(g->n_kinds * sizeof(Datum));
	kind_limits = palloc(g->n_kinds * sizeof(Datum));

	/* a person's word first, then the hubs */
	for (int i = 0; i < g->n_same; i++)
		if (in_conflict[g->same[i][0]] && in_conflict[g->same[i][1]])
		{
			const text *why = cdp_graph_try_join(&rb, g->same[i][0], g->same[i][1]);

			if (why)
				cdp_graph_note_refusal(&rb, g->same[i][0], g->same[i][1], CStringGetTextDatum("ruling"), CStringGetTextDatum("same"), why);
		}

	n = 0;
	for (int i = 0; i < g->n_kinds; i++)
		if (g->kinds[i].ties)
		{
			kind_names[n] = PointerGetDatum(g->kinds[i].name);
			kind_numbers[n] = Int32GetDatum(i);
			kind_limits[n] = Int32GetDatum(g->kinds[i].common_limit > 0 ? g->kinds[i].common_limit : PG_INT32_MAX - 1);
			kind_priorities[n++] = Int32GetDatum(g->kinds[i].priority);
		}
	if (n > 0)
	{
		args[1] = PointerGetDatum(array_of(kind_names, n, TEXTOID));
		args[2] = PointerGetDatum(array_of(kind_numbers, n, INT4OID));
		args[3] = PointerGetDatum(array_of(kind_priorities, n, INT4OID));
		args[4] = PointerGetDatum(array_of(kind_limits, n, INT4OID));
		cdp_core_stream(psprintf("SELECT h.kind::pg_catalog.text, h.value::pg_catalog.text, h.record_id"
								 " FROM ROWS FROM (pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4), pg_catalog.unnest($5)) AS k(kind, number, priority, common_limit)"
								 " JOIN %1$s.identifier h ON h.kind = k.kind JOIN %1$s.record r USING (record_id)"
								 " WHERE h.record_id = ANY ($1) AND NOT h.blocked"
								 " AND (SELECT pg_catalog.count(*) FROM (SELECT 1 FROM %1$s.identifier c"
								 " WHERE c.kind = h.kind AND c.value = h.value AND NOT c.blocked LIMIT k.common_limit + 1) c) <= k.common_limit"
								 " ORDER BY k.priority, h.kind, h.value, r.source_id, r.source_key", g->schema),
						5, argtypes, args, evidence_row, &rb);
	}
	cdp_graph_note_peak(g);
	cdp_graph_write_refusals(&rb);
	MemoryContextSwitchTo(old);
	MemoryContextDelete(own);
}

