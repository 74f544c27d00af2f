"""Which database an address means, how it may be shown, and what its columns can hold."""

from __future__ import annotations

import traceback

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chatkit_backend.context import RequestContext, User
from chatkit_backend.errors import DatabaseUnavailable, SettingsError
from chatkit_backend.store.dialects import ConnectionOptions, dialect_of
from chatkit_backend.store.dialects.columns import with_nul, without_nul
from chatkit_backend.store.dialects.postgres import PostgreSQL
from chatkit_backend.store.dialects.sqlite import SQLite
from chatkit_backend.store.engine import Database
from chatkit_backend.store.owned import NotFoundInStore
from chatkit_backend.store.threads import ThreadStore
from tests.store.examples import message, thread

# As hosters print them; the names and passwords are made up.
NEON = (
    "postgresql://ada:pass-word@ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech/dbname"
    "?sslmode=require&channel_binding=require"
)
HEROKU = "postgres://user:pass-word@ec2-1-2-3-4.compute-1.amazonaws.com:5432/d8r82722r2kuvn"
RENDER = "postgresql://user:pass-word@dpg-a.oregon-postgres.render.com/chat"
SUPABASE = (
    "postgresql://postgres.abc:pass-word@aws-0-us-east-1.pooler.supabase.com:6543/postgres"
    "?pgbouncer=true&connection_limit=1"
)


def parameters(url: str) -> dict[str, object]:
    dialect = dialect_of(url)
    assert isinstance(dialect, PostgreSQL)
    return dialect._connect_arguments()


@pytest.mark.parametrize("url", [NEON, HEROKU, RENDER, SUPABASE])
def test_an_address_is_taken_as_hosters_print_it(url: str) -> None:
    found = parameters(url)
    assert found["password"] == "pass-word"
    assert "pgbouncer" not in found


def test_what_the_address_says_reaches_the_driver() -> None:
    found = parameters(NEON)
    assert found["host"] == "ep-cool-darkness-123456-pooler.us-east-2.aws.neon.tech"
    assert (found["sslmode"], found["channel_binding"]) == ("require", "require")
    assert parameters(HEROKU)["port"] == "5432"


def test_options_reach_the_driver_as_they_are_written() -> None:
    found = parameters(
        "postgresql://h/d?options=-csearch_path%3Dchat%20-cwork_mem%3D8MB&pgbouncer=1"
    )
    assert found["options"] == "-csearch_path=chat -cwork_mem=8MB"


def test_nothing_is_prepared_because_a_pooler_would_lose_it() -> None:
    assert parameters(SUPABASE)["prepare_threshold"] is None


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2", "asyncpg"])
def test_the_driver_that_an_address_names_does_not_matter(driver: str) -> None:
    assert parameters(f"postgresql+{driver}://u:p@h/d")["dbname"] == "d"


def test_the_address_wins_over_the_settings() -> None:
    dialect = dialect_of(
        "postgresql://h/d?application_name=mine&connect_timeout=77", ConnectionOptions()
    )
    assert isinstance(dialect, PostgreSQL)
    found = dialect._connect_arguments()
    assert (found["application_name"], found["connect_timeout"]) == ("mine", "77")


@pytest.mark.parametrize("url", [NEON, HEROKU, RENDER, SUPABASE])
def test_an_address_is_shown_without_its_password(url: str) -> None:
    shown = dialect_of(url).describe()
    assert "pass-word" not in shown
    assert shown.startswith("postgresql://")
    assert "@" in shown


@pytest.mark.parametrize("password", ["secr@t", "secr#t", "secr/t", "secr?t", "secr%zzt", "[secr"])
def test_a_password_that_spoils_the_address_is_not_repeated(password: str) -> None:
    with pytest.raises(SettingsError, match="percent-encode") as raised:
        dialect_of(f"postgresql://ada:{password}@host/db")
    assert "secr" not in "".join(traceback.format_exception_only(raised.value))
    assert raised.value.__context__ is None


def test_a_parameter_that_nobody_knows_is_named() -> None:
    with pytest.raises(SettingsError, match="knows no parameter 'ssl_mode'"):
        dialect_of("postgresql://ada:pw@host/db?ssl_mode=require")


def test_a_server_that_cannot_be_reached_is_named_without_the_password() -> None:
    shown = r"cannot connect to postgresql://ada@127\.0\.0\.1:1/db: "
    with pytest.raises(DatabaseUnavailable, match=shown) as raised:
        dialect_of("postgresql://ada:pass-word@127.0.0.1:1/db").prepare()
    assert "pass-word" not in str(raised.value)


def test_a_database_that_does_not_exist_is_told(postgres_url: str) -> None:
    url = postgres_url.replace("/chatkit_", "/no_")
    with pytest.raises(DatabaseUnavailable, match="does not exist"):
        dialect_of(url).prepare()


def test_a_file_and_memory_are_sqlite() -> None:
    for url in ("sqlite:///chat.db", "sqlite:////var/lib/chat.db", "memory://"):
        dialect = dialect_of(url)
        assert isinstance(dialect, SQLite)
        assert dialect.describe() == url


# What columns can hold


@given(st.text(alphabet="a0-\0\ufffd\\u"))
def test_text_with_nul_comes_back(text: str) -> None:
    kept = without_nul(text)
    assert "\0" not in kept
    assert with_nul(kept) == text


@given(st.text(alphabet="0-\0\ufffd"), st.text(alphabet="0-\0\ufffd"))
def test_different_texts_stay_different(one: str, other: str) -> None:
    assert (without_nul(one) == without_nul(other)) == (one == other)


NASTY = ["\0", "a\0b", "\ufffd0", "\ufffd", "\\u0000", "\\\0", "\\\\u0000\0\ufffd-"]


@pytest.mark.parametrize("words", NASTY)
async def test_a_message_with_nul_comes_back_as_it_was_sent(
    store: ThreadStore, alice: RequestContext, words: str
) -> None:
    await store.save_thread(thread(title=words), alice)
    await store.add_thread_item("thr_1", message("m", words), alice)
    (item,) = (await store.load_thread_items("thr_1", None, 9, "asc", alice)).data
    assert item == message("m", words)
    assert (await store.load_thread("thr_1", alice)).title == words


async def test_an_id_with_nul_is_not_found_and_no_mistake_of_ours(
    store: ThreadStore, alice: RequestContext
) -> None:
    with pytest.raises(NotFoundInStore):
        await store.load_thread("thr\0", alice)


async def test_users_whose_ids_differ_by_a_nul_are_two(store: ThreadStore) -> None:
    strange = RequestContext(user=User("al\0ice"))
    await store.save_thread(thread(), strange)
    for user_id in ("al\ufffd0ice", "al\ufffd-0ice", "alice", "al0ice"):
        page = await store.load_threads(9, None, "asc", RequestContext(user=User(user_id)))
        assert page.data == []
    assert len((await store.load_threads(9, None, "asc", strange)).data) == 1


async def test_documents_can_be_queried_as_json_on_postgresql(
    postgres_url: str, alice: RequestContext
) -> None:
    database = await Database.open(postgres_url)
    await ThreadStore(database).save_thread(thread(title="Find me"), alice)
    await database.close()
    query = "SELECT data->>'id' FROM threads WHERE data->>'title' = 'Find me'"
    with psycopg.connect(postgres_url) as connection:
        assert connection.execute(query).fetchall() == [("thr_1",)]
