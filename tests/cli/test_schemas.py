"""`schema` prints what is served and tells where the committed file differs."""

from pathlib import Path

from schema.build import sdl, subgraph
from tests.cli.conftest import Run


def test_print_prints_the_schema_that_is_served(run: Run) -> None:
    assert run("schema", "print") == (0, sdl(), "")


def test_print_prints_the_schema_as_a_federated_graph_is_composed_of_it(run: Run) -> None:
    assert run("schema", "print", "--federation") == (0, subgraph(), "")
    assert run("schema", "print", "--federation", "--unguarded") == (0, subgraph(guarded=False), "")


def test_print_leaves_no_guard_out_of_what_clients_are_told(run: Run) -> None:
    told = "error: --unguarded is for --federation: clients are told the scopes\n"
    assert run("schema", "print", "--unguarded") == (1, "", told)


def test_check_passes_for_what_was_printed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    file.write_text(sdl())
    assert run("schema", "check", str(file)) == (0, "schema.graphql is the schema that is served.\n", "")


def test_check_shows_the_difference(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "schema.graphql"
    file.write_text(sdl().replace("\ninterface Node ", "\ninterface Nodes ", 1))
    ended = run("schema", "check", str(file))
    assert ended.code == 1
    changed = [line for line in ended.out.splitlines() if line[0] in "+-"]
    assert changed == ["--- schema.graphql", "+++ served", "-interface Nodes {", "+interface Node {"]
    assert ended.err == (
        "error: schema.graphql is not the schema that is served: commit what `customer-graph schema print` prints\n"
    )


def test_check_tells_of_a_file_that_is_not_there(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "none.graphql"
    assert run("schema", "check", str(file)) == (
        1,
        "",
        f"error: {file} can't be read (No such file or directory): `customer-graph schema print` writes it anew\n",
    )
