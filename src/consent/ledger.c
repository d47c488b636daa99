/*
 * ledger.c
 *	  The consent ledger: taking decisions down.
 *
 * consent_event is append-only, which a statement trigger enforces. consent holds
 * the last decision per (purpose, kind, match_key, channel), where "last" is the
 * total order (at, stricter, consent_event_id). The same statement writes both,
 * and the upsert replaces a state only by a later one, so the state is the
 * maximum over the ledger whatever the order of arrival, and concurrent writers
 * of one identifier are ordered by the row lock of the upsert.
 *
 * Decisions are keyed on identifiers, never on profile ids: merging and splitting
 * profiles needs no work here, and a decision may come before the first record.
 *
 * Messages never hold the value: it is personal data.
 */
#include "consent/consent.h"
#include "access/detoast.h"
#include "catalog/pg_type.h"
#include "commands/trigger.h"
#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"

/* How far a decision's time may be ahead of this server's clock. */
#define CLOCK_SKEW_ALLOWED (INT64CONST(5) * SECS_PER_MINUTE * USECS_PER_SEC)

/* A key is part of two btree entries, whose size is limited. */
#define MAX_KEY_BYTES 1024

void
cdp_consent_no_such_purpose(Oid space, const char *purpose)
{
	const char *schema = cdp_core_space_schema(space);

	ereport(ERROR,
			errcode(ERRCODE_CDP_NO_SUCH_PURPOSE),
			errmsg("space %s has no purpose \"%s\"", schema, purpose),
			errhint("Declare it with cdp.add_purpose, or list them: SELECT purpose FROM %s.purpose;", schema));
}

PG_FUNCTION_INFO_V1(cdp_refuse_ledger_change);

/* cdp_internal.refuse_ledger_change() -> trigger */
Datum
cdp_refuse_ledger_change(PG_FUNCTION_ARGS)
{
	if (!CALLED_AS_TRIGGER(fcinfo))
		ereport(ERROR,
				errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				errmsg("the ledger's trigger function was not called by a trigger"));
	ereport(ERROR,
			errcode(ERRCODE_CDP_LEDGER_APPEND_ONLY),
			errmsg("the consent ledger is append-only"),
			errhint("Record what holds now with cdp.record_consent; a later decision takes precedence."));
}

/* The key of the identifier and what is known of the purpose; no row when there is no such purpose. */
static const char *const lookup_sql =
"SELECT cdp_internal.identifier_key($1, $2, $3),"
"       $5 IS NULL OR p.channels IS NULL OR $5 = ANY (p.channels)"
"  FROM @.purpose p WHERE p.purpose = $4";

static const char *const record_sql =
"WITH e AS ("
"  INSERT INTO @.consent_event (kind, value, match_key, purpose, channel, decision, at, source, evidence)"
"  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)"
"  RETURNING consent_event_id),"
" s AS ("
"  INSERT INTO @.consent AS c (purpose, kind, match_key, channel, decision, at, consent_event_id)"
"  SELECT $4, $1, $3, coalesce($5, ''), $6, $7, e.consent_event_id FROM e"
"  ON CONFLICT (purpose, kind, match_key, channel) DO UPDATE"
"  SET decision = EXCLUDED.decision, at = EXCLUDED.at, consent_event_id = EXCLUDED.consent_event_id"
"  WHERE (EXCLUDED.at, EXCLUDED.decision <> 'granted', EXCLUDED.consent_event_id)"
"      > (c.at, c.decision <> 'granted', c.consent_event_id))"
" SELECT e.consent_event_id FROM e";

static void
bad_consent(const char *message, const char *hint)
{
	ereport(ERROR,
			errcode(ERRCODE_CDP_BAD_CONSENT),
			errmsg_internal("%s", message),
			errhint("%s", hint));
}

static bool
text_is(text *value, const char *literal)
{
	Size		len = strlen(literal);

	return VARSIZE_ANY_EXHDR(value) == len && memcmp(VARDATA_ANY(value), literal, len) == 0;
}

PG_FUNCTION_INFO_V1(cdp_record_consent);

/*
 * cdp.record_consent(space, kind, value, purpose, decision, channel, at, source, evidence) -> consent_event_id
 */
Datum
cdp_record_consent(PG_FUNCTION_ARGS)
{
	enum
	{
		SPACE, KIND, VALUE, PURPOSE, DECISION, CHANNEL, AT, SOURCE, EVIDENCE
	};
	Oid			space = PG_ARGISNULL(SPACE) ? InvalidOid : PG_GETARG_OID(SPACE);
	text	   *decision;
	TimestampTz at;
	Datum		key;
	bool		key_isnull;
	bool		isnull;
	int64		event_id;

	cdp_core_space_schema(space);
	if (PG_ARGISNULL(KIND) || PG_ARGISNULL(VALUE) || PG_ARGISNULL(PURPOSE) || PG_ARGISNULL(DECISION) || PG_ARGISNULL(AT))
		bad_consent("a decision needs a kind, a value, a purpose, a decision and a time",
					"Call cdp.record_consent(space, kind, value, purpose, decision).");
	decision = PG_GETARG_TEXT_PP(DECISION);
	if (!text_is(decision, "granted") && !text_is(decision, "denied") && !text_is(decision, "withdrawn"))
		bad_consent("a decision is granted, denied or withdrawn",
					"Record one of these three; not having asked is no decision.");
	if (!PG_ARGISNULL(CHANNEL) && text_is(PG_GETARG_TEXT_PP(CHANNEL), ""))
		bad_consent("the name of a channel is empty",
					"Leave channel out to record a decision for all channels.");
	at = PG_GETARG_TIMESTAMPTZ(AT);
	if (TIMESTAMP_NOT_FINITE(at) || at > GetCurrentTimestamp() + CLOCK_SKEW_ALLOWED)
		bad_consent("the time of a decision is infinite or in the future",
					"Pass the moment at which the person decided.");

	SPI_connect();
	{
		static const Oid types[] = {REGNAMESPACEOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID};
		Datum		values[] = {ObjectIdGetDatum(space), PG_GETARG_DATUM(KIND), PG_GETARG_DATUM(VALUE),
		PG_GETARG_DATUM(PURPOSE), PG_GETARG_DATUM(CHANNEL)};
		char		nulls[] = {' ', ' ', ' ', ' ', PG_ARGISNULL(CHANNEL) ? 'n' : ' '};

		SPI_execute_plan(cdp_core_plan(space, lookup_sql, lengthof(types), types), values, nulls, false, 1);
		if (SPI_processed == 0)
			cdp_consent_no_such_purpose(space, text_to_cstring(PG_GETARG_TEXT_PP(PURPOSE)));
		if (!DatumGetBool(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 2, &isnull)))
			bad_consent("the purpose has no such channel",
						psprintf("List them: SELECT purpose, channels FROM %s.purpose;", cdp_core_space_schema(space)));
		key = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &key_isnull);
		if (key_isnull || VARSIZE_ANY_EXHDR(DatumGetPointer(key)) > MAX_KEY_BYTES ||
			toast_raw_datum_size(PG_GETARG_DATUM(VALUE)) - VARHDRSZ > MAX_KEY_BYTES)
			ereport(ERROR,
					errcode(ERRCODE_CDP_VALUE_REFUSED),
					errmsg("the value is no valid identifier of kind \"%s\"",
						   text_to_cstring(PG_GETARG_TEXT_PP(KIND))),
					errhint("Ask the kind's own check why, such as cdp.email_problem or cdp.phone_problem."));
	}
	{
		static const Oid types[] = {TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TEXTOID, TIMESTAMPTZOID,
		TEXTOID, JSONBOID};
		Datum		values[] = {PG_GETARG_DATUM(KIND), PG_GETARG_DATUM(VALUE), key, PG_GETARG_DATUM(PURPOSE),
			PG_GETARG_DATUM(CHANNEL), PG_GETARG_DATUM(DECISION), PG_GETARG_DATUM(AT),
		PG_GETARG_DATUM(SOURCE), PG_GETARG_DATUM(EVIDENCE)};
		char		nulls[] = {' ', ' ', ' ', ' ', PG_ARGISNULL(CHANNEL) ? 'n' : ' ', ' ', ' ',
		PG_ARGISNULL(SOURCE) ? 'n' : ' ', PG_ARGISNULL(EVIDENCE) ? 'n' : ' '};

		SPI_execute_plan(cdp_core_plan(space, record_sql, lengthof(types), types), values, nulls, false, 0);
		if (SPI_processed != 1)
			ereport(ERROR,
					errcode(ERRCODE_CDP_BAD_CONSENT),
					errmsg("the decision was not written: a trigger on the consent ledger left it out"),
					errhint("Look at the triggers of %s.consent_event.", cdp_core_space_schema(space)));
		event_id = DatumGetInt64(SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull));
	}
	SPI_finish();
	PG_RETURN_INT64(event_id);
}
