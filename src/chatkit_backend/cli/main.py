"""The command line: names, options and help of every command. What they do is in their files.

Those files are imported when their command runs, not before: `--help` must not wait for the
agents SDK, which takes seconds to import.
"""

from __future__ import annotations

import importlib.metadata
from pathlib import Path
from typing import Annotated, Literal

import typer

app = typer.Typer(
    name="chatkit-backend",
    help="The backend of ChatKit chats on your own machines.",
    no_args_is_help=True,
    add_completion=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)

DEFAULT_URL = "http://127.0.0.1:8000"


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(importlib.metadata.version("chatkit-backend"))
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    """The backend of ChatKit chats on your own machines."""


@app.command(
    epilog="Examples:\n\n"
    "`chatkit-backend serve`\n\n"
    "`GEMINI_API_KEY=… chatkit-backend serve --port 9000`\n\n"
    "`chatkit-backend serve --agent my_app.agents:support --reload`\n\n"
    "`CHATKIT_DATABASE_URL=postgresql://… chatkit-backend serve --workers 4 --migrate`"
)
def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 takes a free one.")] = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that serve requests; about one a core.")
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            metavar="MODULE:NAME", help="Your own agent, or the ChatKitServer that you have."
        ),
    ] = None,
    migrate: Annotated[
        bool, typer.Option("--migrate", help="Bring a PostgreSQL database up to date first.")
    ] = False,
    reload: Annotated[
        bool,
        typer.Option(
            "--reload", help="For development: start again when a Python file here changes."
        ),
    ] = False,
) -> None:
    """Start the server.

    Settings come from the environment and from `.env` in the current folder.
    """
    from chatkit_backend.cli.serve import run_server

    raise typer.Exit(run_server(host, port, workers, agent, migrate=migrate, reload=reload))


@app.command(
    epilog="Examples:\n\n"
    "`chatkit-backend migrate`\n\n"
    "`chatkit-backend migrate --check || echo outdated`\n\n"
    "`chatkit-backend migrate --sql > review.sql`"
)
def migrate(
    check: Annotated[
        bool, typer.Option("--check", help="Change nothing; exit with 1 if there is work to do.")
    ] = False,
    sql: Annotated[
        bool, typer.Option("--sql", help="Change nothing; print the SQL that would be run.")
    ] = False,
) -> None:
    """Bring the tables of the database up to date.

    Does nothing to a database that is. Several may run at once: all but one wait.
    """
    from chatkit_backend.cli.migrate import run_migrate

    raise typer.Exit(run_migrate(check=check, as_sql=sql))


users = typer.Typer(
    help="Everything of one user: export it, delete it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(users, name="users")


@users.command(
    "export",
    epilog="Examples:\n\n"
    "`chatkit-backend users export ada > ada.jsonl`\n\n"
    "`chatkit-backend users export ada --output ada.jsonl`",
)
def users_export(
    user_id: Annotated[str, typer.Argument(metavar="ID", help="The user's id.")],
    output: Annotated[
        Path | None, typer.Option(help="A new file to write to, instead of standard output.")
    ] = None,
) -> None:
    """Write everything that is stored of a user, as JSON Lines."""
    from chatkit_backend.cli.users import run_export

    run_export(user_id, output)


@users.command(
    "delete",
    epilog="Examples:\n\n"
    "`chatkit-backend users delete ada`\n\n"
    "`chatkit-backend users delete ada --yes --json`",
)
def users_delete(
    user_id: Annotated[str, typer.Argument(metavar="ID", help="The user's id.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Delete everything that is stored of a user, for good."""
    from chatkit_backend.cli.users import run_delete

    run_delete(user_id, confirmed=yes, as_json=as_json)


feedback = typer.Typer(
    help="What users think of the answers: export it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(feedback, name="feedback")


@feedback.command(
    "export",
    epilog="Examples:\n\n"
    "`chatkit-backend feedback export --kind negative --since 2026-11-01`\n\n"
    "`chatkit-backend feedback export --format csv --output feedback.csv`",
)
def feedback_export(
    as_format: Annotated[
        Literal["jsonl", "csv"], typer.Option("--format", help="JSON Lines, or a table.")
    ] = "jsonl",
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE",
            help="Only what was rated, or rated otherwise, since; UTC where it names no time zone.",
        ),
    ] = None,
    kind: Annotated[
        Literal["positive", "negative"] | None, typer.Option(help="Only ratings of this kind.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option(help="A new file to write to, instead of standard output.")
    ] = None,
) -> None:
    """Write what users rated, the question before it, and how they rated it."""
    from chatkit_backend.cli.feedback import run_export

    run_export(as_format, since, kind, output)


keys = typer.Typer(
    help="API keys of the servers that call `/v1`: create, list, revoke.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(keys, name="keys")


@keys.command(
    "create",
    epilog="Examples:\n\n"
    "`chatkit-backend keys create production`\n\n"
    "`chatkit-backend keys create staging --json`",
)
def keys_create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which server it is for.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Make a key and print it, this once: only its hash is kept."""
    from chatkit_backend.cli.keys import run_create

    run_create(name, as_json=as_json)


@keys.command(
    "list",
    epilog="Examples:\n\n`chatkit-backend keys list`\n\n`chatkit-backend keys list --json`",
)
def keys_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Show every key without its secret, revoked ones too."""
    from chatkit_backend.cli.keys import run_list

    run_list(as_json=as_json)


@keys.command("revoke", epilog="Example:\n\n`chatkit-backend keys revoke key_1f0c…`")
def keys_revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="As `keys list` shows it.")],
) -> None:
    """Make a key worthless, for good. Exit status: 1 when there is no such key."""
    from chatkit_backend.cli.keys import run_revoke

    raise typer.Exit(run_revoke(key_id))


@app.command(
    "import-hosted",
    epilog="Examples:\n\n"
    "`chatkit-backend import-hosted`\n\n"
    "`chatkit-backend import-hosted --user ada --user grace --since 2026-06-01`\n\n"
    "`chatkit-backend import-hosted --api-key-env OPENAI_ADMIN_KEY --json > report.json`",
)
def import_hosted(
    api_key_env: Annotated[
        str, typer.Option(metavar="NAME", help="Variable that holds the API key.")
    ] = "OPENAI_API_KEY",
    base_url: Annotated[
        str | None, typer.Option(help="Address of the hosted API, if it is not OpenAI's own.")
    ] = None,
    user: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="Only this user's threads; repeatable.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="Only threads begun since; UTC where it names no time zone."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Copy threads, items and attachments from OpenAI-hosted ChatKit.

    May be interrupted and run again: it goes on where it stopped, and brings nothing twice. It
    deletes nothing there. Exit status: 0 when all was brought along, 1 when something was not, 2
    when a setting or the key cannot be used.
    """
    from chatkit_backend.cli.import_hosted import run_import

    raise typer.Exit(run_import(api_key_env, base_url, user or [], since, as_json=as_json))


@app.command(
    epilog="Examples:\n\n"
    "`chatkit-backend ingest docs/ --collection docs`\n\n"
    "`chatkit-backend ingest docs/ -c docs --exclude drafts/ --prune --json`\n\n"
    "`chatkit-backend ingest site/ -c site --include '*.html' --base-url https://example.com`\n\n"
    "`chatkit-backend ingest docs/ -c docs --prune --watch`"
)
def ingest(
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH", help="Files, and folders with all in them.")
    ],
    *,
    collection: Annotated[
        str, typer.Option("--collection", "-c", metavar="NAME", help="Where to put them.")
    ],
    include: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Only these files, as in .gitignore; repeatable."),
    ] = None,
    exclude: Annotated[
        list[str] | None,
        typer.Option(metavar="PATTERN", help="Not these files and folders; repeatable."),
    ] = None,
    base_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Where people read the files; `url:` in a file wins."),
    ] = None,
    prune: Annotated[
        bool, typer.Option("--prune", help="Remove documents whose files are not there any more.")
    ] = False,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on, and take in every change, until Ctrl-C.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Take Markdown, text, HTML, PDF and DOCX files into a collection.

    Files that have not changed are skipped. Symbolic links are not followed.

    Exit status: 0 when all is well, 1 when some files failed, 2 when there was nothing to ingest.
    """
    from chatkit_backend.cli.ingest import Order, run_ingest

    order = Order(
        paths=tuple(paths),
        collection=collection,
        include=tuple(include or ()),
        exclude=tuple(exclude or ()),
        base_url=base_url,
        prune=prune,
    )
    raise typer.Exit(run_ingest(order, watch=watch, as_json=as_json))


@app.command(
    epilog="Examples:\n\n"
    '`chatkit-backend search "How do I cancel?" --collection docs`\n\n'
    "`chatkit-backend search refunds -c docs --limit 3 --threshold 0.5 --json`"
)
def search(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="What to look for, in words.")],
    collection: Annotated[
        str, typer.Option("--collection", "-c", metavar="NAME", help="Where to look.")
    ],
    limit: Annotated[int, typer.Option(min=1, max=100, help="Most passages to print.")] = 5,
    threshold: Annotated[
        float, typer.Option(min=0, max=1, help="Least score of a passage, from 0 to 1.")
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Show what a question finds in a collection, the best first.

    By words, and by meaning too where CHATKIT_EMBEDDING_MODEL is set. The number before each
    passage is its score: about 0.5 for one that has half of the question's words, 0.75 and more
    for one that has them all. Exit status: 1 when there is no such collection.
    """
    from chatkit_backend.cli.search import run_search

    raise typer.Exit(run_search(query, collection, limit, threshold, as_json=as_json))


collections = typer.Typer(
    help="What was ingested: list it, show it, delete it.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
app.add_typer(collections, name="collections")


@collections.command(
    "list",
    epilog="Examples:\n\n`chatkit-backend collections list`\n\n"
    "`chatkit-backend collections list --json`",
)
def collections_list(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Show every collection with its size."""
    from chatkit_backend.cli.collections import run_list

    run_list(as_json=as_json)


@collections.command(
    "show",
    epilog="Examples:\n\n`chatkit-backend collections show docs`\n\n"
    "`chatkit-backend collections show docs --json`",
)
def collections_show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `collections list` shows it.")],
    as_json: Annotated[
        bool, typer.Option("--json", help="Print a line of JSON for each document.")
    ] = False,
) -> None:
    """Show the documents of a collection. Exit status: 1 when there is no such collection."""
    from chatkit_backend.cli.collections import run_show

    raise typer.Exit(run_show(name, as_json=as_json))


@collections.command(
    "delete",
    epilog="Examples:\n\n`chatkit-backend collections delete docs`\n\n"
    "`chatkit-backend collections delete docs --yes`",
)
def collections_delete(
    name: Annotated[str, typer.Argument(metavar="NAME", help="As `collections list` shows it.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Delete a collection with all its documents. Exit status: 1 when there is no such one."""
    from chatkit_backend.cli.collections import run_delete

    raise typer.Exit(run_delete(name, confirmed=yes))


@app.command(
    epilog="Examples:\n\n"
    "`chatkit-backend chat`\n\n"
    '`echo "What can you do?" | chatkit-backend chat --user ada`\n\n'
    "`SECRET=ck_sess_… chatkit-backend chat --client-secret-env SECRET`"
)
def chat(
    url: Annotated[str, typer.Option(help="Address of the server.")] = DEFAULT_URL,
    user: Annotated[str | None, typer.Option(help="Whom to chat as (dev mode).")] = None,
    thread: Annotated[str | None, typer.Option(help="Thread to go on with.")] = None,
    client_secret_env: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Variable that holds a client secret to show."),
    ] = None,
) -> None:
    """Chat with a running server in the terminal."""
    from chatkit_backend.cli.chat import run_chat

    run_chat(url, user, thread, client_secret_env)


@app.command(
    epilog="Examples:\n\n`chatkit-backend doctor`\n\n`chatkit-backend doctor --live --json`"
)
def doctor(
    live: Annotated[
        bool,
        typer.Option(
            "--live",
            help="Also ask each chat model for one word and the embedding model for one vector "
            "(costs a few tokens). The transcription model is not tried: it takes recordings only.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of words.")] = False,
) -> None:
    """Check settings, database and model, and say how to mend what is wrong.

    Exit status: 0 when all is well, 1 when something is not.
    """
    from chatkit_backend.cli.doctor import run_doctor

    raise typer.Exit(run_doctor(live=live, as_json=as_json))


def main() -> None:
    """Entry point of the console script."""
    app()
