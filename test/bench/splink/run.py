"""Trains, scores and clusters one CSV with Splink on DuckDB; prints its figures as name=value.

    run.py historical|business FILE.csv

FILE.csv has unique_id, entity (the truth, which Splink is not given) and the columns of
the model. Timed are training, scoring and clustering at 0.95; reading the file and the
search for the best threshold, which needs the truth, are not. Memory is the peak of
the whole process.
"""

import logging
import resource
import sys
import time

import duckdb
import splink.comparison_level_library as cll
import splink.comparison_library as cl
from splink import DuckDBAPI, Linker, SettingsCreator, block_on

THRESHOLDS = [0.05, 0.2, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999, 0.9999, 0.99999]


def exact_with_tf(column):
    return cl.ExactMatch(column).configure(term_frequency_adjustments=True)


# The settings of Splink's own example for these data: rules, comparisons, training passes.
HISTORICAL = dict(
    blocking=[
        block_on("substr(first_name,1,3)", "substr(surname,1,4)"),
        block_on("surname", "dob"),
        block_on("first_name", "dob"),
        block_on("postcode_fake", "first_name"),
        block_on("postcode_fake", "surname"),
        block_on("dob", "birth_place"),
        block_on("substr(postcode_fake,1,3)", "dob"),
        block_on("substr(postcode_fake,1,3)", "first_name"),
        block_on("substr(postcode_fake,1,3)", "surname"),
        block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
    ],
    comparisons=[
        cl.ForenameSurnameComparison("first_name", "surname", forename_surname_concat_col_name="whole_name"),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.PostcodeComparison("postcode_fake"),
        exact_with_tf("birth_place"),
        exact_with_tf("occupation"),
    ],
    surely_same=[
        "l.first_name = r.first_name and l.surname = r.surname and l.dob = r.dob",
        "substr(l.first_name,1,2) = substr(r.first_name,1,2) and l.surname = r.surname and substr(l.postcode_fake,1,2) = substr(r.postcode_fake,1,2)",
        "l.dob = r.dob and l.postcode_fake = r.postcode_fake",
    ],
    surely_same_recall=0.6,
    u_pairs=5e6,
    training=[block_on("first_name", "surname"), block_on("dob")],
)

# The same for the generated business, as an experienced user would write it: households
# share street, landline and sometimes the mailbox, so the address is one comparison
# (street, postal code and city depend on each other), and every training pass blocks on
# something that the members of a household do not share.
ADDRESS = cl.CustomComparison(
    output_column_name="address",
    comparison_levels=[
        cll.And(cll.NullLevel("street"), cll.NullLevel("postal_code"), cll.NullLevel("city")),
        cll.And(cll.ExactMatchLevel("street"), cll.ExactMatchLevel("postal_code")),
        cll.And(cll.JaroWinklerLevel("street", 0.9), cll.LevenshteinLevel("postal_code", 1)),
        cll.ExactMatchLevel("street"),
        cll.ExactMatchLevel("postal_code"),
        cll.ExactMatchLevel("city"),
        cll.ElseLevel(),
    ],
)
BUSINESS = dict(
    blocking=[
        block_on("email"),
        block_on("phone"),
        block_on("last_name", "birth_date"),
        block_on("first_name", "birth_date"),
        block_on("birth_date", "postal_code"),
        block_on("street", "postal_code"),
        block_on("first_name", "last_name", "city"),
        block_on("first_name", "last_name", "postal_code"),
        block_on("substr(first_name,1,3)", "substr(last_name,1,4)", "substr(postal_code,1,3)"),
        block_on("split_part(email,'@',1)"),
    ],
    comparisons=[
        cl.NameComparison("first_name").configure(term_frequency_adjustments=True),
        cl.NameComparison("last_name").configure(term_frequency_adjustments=True),
        cl.DateOfBirthComparison("birth_date", input_is_string=True),
        cl.EmailComparison("email").configure(term_frequency_adjustments=True),
        cl.LevenshteinAtThresholds("phone", [1]).configure(term_frequency_adjustments=True),
        ADDRESS,
    ],
    surely_same=[
        block_on("first_name", "last_name", "birth_date"),
        block_on("email", "first_name"),
        block_on("phone", "first_name"),
    ],
    surely_same_recall=0.7,
    u_pairs=5e6,
    training=[block_on("last_name", "birth_date"), block_on("first_name", "birth_date"), block_on("email", "first_name")],
)


def evaluate(con, clusters):
    """Pairwise precision, recall and F1 of all pairs inside a cluster."""
    correct, found, expected = con.execute(f"""
        WITH t AS (SELECT p.entity, c.cluster_id FROM person p JOIN {clusters} c USING (unique_id) WHERE p.entity IS NOT NULL)
        SELECT (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM t GROUP BY entity, cluster_id)),
               (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM t GROUP BY cluster_id)),
               (SELECT sum(n * (n - 1) / 2) FROM (SELECT count(*) AS n FROM t GROUP BY entity))""").fetchall()[0]
    return correct / max(found, 1), correct / expected, 2 * correct / (found + expected)


def usage():
    spent = resource.getrusage(resource.RUSAGE_SELF)
    return spent.ru_utime + spent.ru_stime, spent.ru_maxrss / 1024


def main(kind, path):
    model = {"historical": HISTORICAL, "business": BUSINESS}[kind]
    logging.disable(logging.WARNING)
    con = duckdb.connect()
    con.execute(f"CREATE TABLE person AS SELECT * FROM read_csv('{path}', all_varchar = true, header = true, nullstr = '')")
    columns = "unique_id, first_name, surname, dob, birth_place, postcode_fake, occupation, first_name || ' ' || surname AS whole_name" \
        if kind == "historical" else "* EXCLUDE (entity), first_name || ' ' || last_name AS whole_name"
    con.execute(f"CREATE TABLE given AS SELECT {columns} FROM person")
    steps = {}
    cpu, before = usage()
    begun = started = time.monotonic()

    def step(name):
        nonlocal started
        steps[name] = time.monotonic() - started
        started = time.monotonic()
        print(f"# {name} {steps[name]:.1f} s", file=sys.stderr, flush=True)

    linker = Linker(
        DuckDBAPI(con).register("given"),
        SettingsCreator(link_type="dedupe_only", blocking_rules_to_generate_predictions=model["blocking"], comparisons=model["comparisons"]),
        log_level=None,
    )
    linker.training.estimate_probability_two_random_records_match(model["surely_same"], recall=model["surely_same_recall"])
    linker.training.estimate_u_using_random_sampling(max_pairs=model["u_pairs"])
    for rule in model["training"]:
        linker.training.estimate_parameters_using_expectation_maximisation(rule, estimate_without_term_frequencies=True)
    step("train")
    scored = linker.inference.predict(threshold_match_probability=THRESHOLDS[0])
    step("score")
    clusters = linker.clustering.cluster_pairwise_predictions_at_threshold(scored, threshold_match_probability=0.95)
    step("cluster")
    wall = time.monotonic() - begun
    spent, peak = usage()

    print(f"wall={wall:.2f}\ncpu={spent - cpu:.2f}\npeak_mb={peak:.0f}\nstart_mb={before:.0f}")
    for name, seconds in steps.items():
        print(f"{name}={seconds:.2f}")
    print("pairs=%d" % con.execute(f"SELECT count(*) FROM {scored.physical_name}").fetchall()[0])
    print("precision=%.4f\nrecall=%.4f\nf1=%.4f" % evaluate(con, clusters.physical_name), flush=True)
    best = max(
        (evaluate(con, linker.clustering.cluster_pairwise_predictions_at_threshold(scored, threshold_match_probability=t).physical_name) + (t,)
         for t in THRESHOLDS), key=lambda figures: figures[2])
    print("best_precision=%.4f\nbest_recall=%.4f\nbest_f1=%.4f\nbest_threshold=%g" % best)


if __name__ == "__main__":
    main(*sys.argv[1:])
