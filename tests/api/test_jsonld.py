"""Records as JSON-LD: whole answers, and what a JSON-LD processor makes of them."""

import names as n
import pytest
from problems import expect_problem
from pyld import jsonld
from service import RawAnswer, raw

S = "https://schema.org/"
ACCEPT = {"Accept": "application/ld+json"}
RECORDS = [f"/sources/{n.MNTV}", f"/articles/{n.ARTICLE}", f"/speakers/{n.MUTTAQI}", f"/quotes/{n.AT[682]}", f"/events/{n.VISIT}"]
CONTEXT = {
    "@vocab": S,
    "url": {"@type": "@id"},
    "sameAs": {"@type": "@id"},
    "eventStatus": {"@type": "@id"},
    "datePublished": {"@type": "DateTime"},
    "dateModified": {"@type": "DateTime"},
    "dateCreated": {"@type": "Date"},
    "startDate": {"@type": "Date"},
    "endDate": {"@type": "Date"},
}


def no_network(url, options):
    raise AssertionError(f"{url} would be fetched")


def linked(api, path):
    """The document, which any other shape of the same record also has to be; its base is checked, and cut off."""
    answer = api.get(path, headers=ACCEPT)
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/ld+json"), answer.text
    document = answer.json()
    assert list(document)[:3] == ["@context", "@id", "@type"]
    assert document.pop("@context") == CONTEXT
    return without_base(document, api.base)


def without_base(value, base):
    if isinstance(value, dict):
        return {key: without_base(one, base) for key, one in value.items()}
    if isinstance(value, list):
        return [without_base(one, base) for one in value]
    return value.removeprefix(base) if isinstance(value, str) else value


def expanded(api, path):
    """What a processor takes it for: the nodes by their ids."""
    document = api.get(path, headers=ACCEPT).json()
    made = jsonld.flatten(document, options={"documentLoader": no_network, "processingMode": "json-ld-1.1"})
    return {node["@id"].removeprefix(api.base): node for node in made}


def refer(resource, *ids):
    found = [{"@id": f"/{resource}/{id}"} for id in ids]
    return found


def test_a_source(shared):
    assert linked(shared, f"/sources/{n.MNTV}") == {
        "@id": f"/sources/{n.MNTV}",
        "@type": "NewsMediaOrganization",
        "name": "MNTV",
    }


def test_an_article(shared):
    body = shared.read(f"/articles/{n.ARTICLE}")["body"]
    assert linked(shared, f"/articles/{n.ARTICLE}") == {
        "@id": f"/articles/{n.ARTICLE}",
        "@type": "NewsArticle",
        "headline": "Russia and Taliban-led Afghanistan move to deepen diplomatic ties",
        "alternativeHeadline": "Taliban to appoint envoy to Moscow as Russia moves to formalize ties with Afghanistan’s "
        "interim government",
        "publisher": {"@id": f"/sources/{n.MNTV}"},
        "dateline": "KABUL, Afghanistan",
        "inLanguage": "en",
        "articleBody": body,
        "mentions": refer("speakers", n.KABULOV, n.MUTTAQI, n.HAQQANI, n.TAKAL, n.QANI, n.SAMKANI, n.ZAZAI, n.ADEL),
    }


def test_a_person_with_a_role_in_an_organization(shared):
    assert linked(shared, f"/speakers/{n.MUTTAQI}") == {
        "@id": f"/speakers/{n.MUTTAQI}",
        "@type": "Person",
        "name": "Amir Khan Muttaqi",
        "memberOf": [
            {
                "@type": "OrganizationRole",
                "memberOf": {"@id": f"/speakers/{n.ADMINISTRATION}"},
                "roleName": "acting Foreign Minister",
            }
        ],
    }


def test_a_person_with_a_role_alone(shared):
    assert linked(shared, f"/speakers/{n.SAMKANI}") == {
        "@id": f"/speakers/{n.SAMKANI}",
        "@type": "Person",
        "name": "Muin Gul Samkani",
        "jobTitle": ["analyst"],
    }


def test_an_organization(shared):
    assert linked(shared, f"/speakers/{n.SUPREME_COURT}") == {
        "@id": f"/speakers/{n.SUPREME_COURT}",
        "@type": "Organization",
        "name": "Supreme Court",
        "parentOrganization": {"@id": f"/speakers/{n.RUSSIA}"},
    }
    administration = linked(shared, f"/speakers/{n.ADMINISTRATION}")
    assert administration["alternateName"] == ["Taliban-led government", "Afghanistan’s interim government"]


def test_an_unnamed_speaker_is_no_person_that_anybody_knows(shared):
    assert linked(shared, f"/speakers/{n.OBSERVERS}") == {
        "@id": f"/speakers/{n.OBSERVERS}",
        "@type": "Thing",
        "name": "Political observers",
    }


def test_who_is_no_person_has_no_job(api):
    affiliations = [{"organization_id": n.RUSSIA, "role": "office"}, {"role": "source"}]
    unnamed = api.make("speakers", name="An official", kind="unnamed", affiliations=affiliations)["id"]
    assert linked(api, f"/speakers/{unnamed}") == {"@id": f"/speakers/{unnamed}", "@type": "Thing", "name": "An official"}
    office = api.make("speakers", name="An office", kind="organization", affiliations=affiliations)["id"]
    document = linked(api, f"/speakers/{office}")
    assert list(document) == ["@id", "@type", "name", "memberOf"]
    assert document["memberOf"][0]["memberOf"] == {"@id": f"/speakers/{n.RUSSIA}"}


def test_a_quote(shared):
    assert linked(shared, f"/quotes/{n.AT[682]}") == {
        "@id": f"/quotes/{n.AT[682]}",
        "@type": "Quotation",
        "text": "soon introduce a representative at the ambassadorial level",
        "spokenByCharacter": {"@id": f"/speakers/{n.MUTTAQI}"},
        "isPartOf": {"@id": f"/articles/{n.ARTICLE}"},
        "about": refer("speakers", n.RUSSIA) + refer("events", n.APPOINTMENT),
        "creativeWorkStatus": "confirmed",
        "publisher": {"@id": f"/sources/{n.MNTV}"},
    }


def test_an_event(shared):
    assert linked(shared, f"/events/{n.VISIT}") == {
        "@id": f"/events/{n.VISIT}",
        "@type": "Event",
        "name": "Visit of Zamir Kabulov to Kabul",
        "location": {"@type": "Place", "name": "Kabul"},
        "attendee": [
            {"@type": "Role", "attendee": {"@id": f"/speakers/{id}"}, "roleName": role}
            for id, role in (
                (n.KABULOV, "Russia’s special envoy for Afghanistan"),
                (n.MUTTAQI, "acting Foreign Minister"),
                (n.HAQQANI, "Interior Minister"),
            )
        ],
        "subjectOf": refer("articles", n.ARTICLE),
    }
    commission = linked(shared, f"/events/{n.COMMISSION}")
    assert commission["eventStatus"] == S + "EventScheduled"
    assert commission["superEvent"] == {"@id": f"/events/{n.SUMMIT}"}


def test_every_field_that_has_a_word(api):
    """Nothing of it is in the seed."""
    source = api.make("sources", name="Gazette", url="https://g.example/", country="NO", description="d", external_id="g")["id"]
    person = api.make("speakers", name="Ann", aliases=["A."], description="d", same_as=["https://w.example/1", "https://w.example/2"],
                      affiliations=[{"organization_id": n.RUSSIA, "role": "envoy", "start_date": "2021", "end_date": "2022-05"},
                                    {"organization_id": n.CHINA}])["id"]  # fmt: skip
    article = api.make("articles", headline="h", url="https://g.example/1", byline="By Ann", section="World", language="nb",
                       source_id=source, published_at="2025-05-15T10:00:00+02:00", modified_at="2025-05-16T10:00:00Z", summary="s",
                       keywords=["a", "b, c"], rights="© Gazette", external_id="x")["id"]  # fmt: skip
    quote = api.make("quotes", article_id=article, text="t", speaker_id=person, said_on="2025-05", external_id="q")["id"]
    event = api.make("events", name="e", status="cancelled", starts_on="2025-05-15", ends_on="2025-06", place="Kabul", description="d",
                     participants=[{"speaker_id": person}])["id"]  # fmt: skip
    assert linked(api, f"/sources/{source}") == {
        "@id": f"/sources/{source}",
        "@type": "NewsMediaOrganization",
        "identifier": "g",
        "name": "Gazette",
        "url": "https://g.example/",
        "address": {"@type": "PostalAddress", "addressCountry": "NO"},
        "description": "d",
    }
    assert linked(api, f"/speakers/{person}") == {
        "@id": f"/speakers/{person}",
        "@type": "Person",
        "name": "Ann",
        "alternateName": ["A."],
        "description": "d",
        "sameAs": ["https://w.example/1", "https://w.example/2"],
        "memberOf": [
            {
                "@type": "OrganizationRole",
                "memberOf": {"@id": f"/speakers/{n.RUSSIA}"},
                "roleName": "envoy",
                "startDate": "2021",
                "endDate": "2022-05",
            },
            {"@id": f"/speakers/{n.CHINA}"},
        ],
    }
    assert linked(api, f"/articles/{article}") == {
        "@id": f"/articles/{article}",
        "@type": "NewsArticle",
        "identifier": "x",
        "headline": "h",
        "publisher": {"@id": f"/sources/{source}"},
        "url": "https://g.example/1",
        "author": "By Ann",
        "articleSection": "World",
        "inLanguage": "nb",
        "datePublished": "2025-05-15T08:00:00.000000Z",
        "dateModified": "2025-05-16T10:00:00.000000Z",
        "abstract": "s",
        "keywords": ["a", "b, c"],
        "copyrightNotice": "© Gazette",
    }
    assert linked(api, f"/quotes/{quote}") == {
        "@id": f"/quotes/{quote}",
        "@type": "Quotation",
        "identifier": "q",
        "text": "t",
        "spokenByCharacter": {"@id": f"/speakers/{person}"},
        "isPartOf": {"@id": f"/articles/{article}"},
        "dateCreated": "2025-05",
        "creativeWorkStatus": "confirmed",
        "datePublished": "2025-05-15T08:00:00.000000Z",
        "publisher": {"@id": f"/sources/{source}"},
    }
    assert linked(api, f"/events/{event}") == {
        "@id": f"/events/{event}",
        "@type": "Event",
        "name": "e",
        "eventStatus": S + "EventCancelled",
        "startDate": "2025-05-15",
        "endDate": "2025-06",
        "location": {"@type": "Place", "name": "Kabul"},
        "description": "d",
        "attendee": refer("speakers", person),
    }
    nodes = expanded(api, f"/articles/{article}?include=source")
    assert nodes[f"/articles/{article}"][S + "url"] == [{"@id": "https://g.example/1"}]
    assert nodes[f"/articles/{article}"][S + "datePublished"] == [
        {"@value": "2025-05-15T08:00:00.000000Z", "@type": S + "DateTime"}
    ]
    assert nodes[f"/sources/{source}"][S + "url"] == [{"@id": "https://g.example/"}]
    [role] = [node for node in expanded(api, f"/speakers/{person}").values() if node.get("@type") == [S + "OrganizationRole"]]
    assert role[S + "endDate"] == [{"@value": "2022-05", "@type": S + "Date"}]
    assert expanded(api, f"/events/{event}")[f"/events/{event}"][S + "eventStatus"] == [{"@id": S + "EventCancelled"}]


@pytest.mark.parametrize("path", RECORDS)
def test_a_processor_needs_no_network_and_finds_absolute_ids(shared, path):
    nodes = expanded(shared, path)
    node = nodes[path]
    assert node["@id"] == shared.base + path
    assert [type_.startswith(S) for type_ in node["@type"]] == [True]
    properties = [key for one in nodes.values() for key in one if not key.startswith("@")]
    assert all(key.startswith(S) for key in properties)
    for one in nodes.values():
        for values in (one[key] for key in one if not key.startswith("@")):
            for id in (value["@id"] for value in values if "@id" in value):
                assert id.startswith((shared.base, S, "_:")), id


def test_embedded_records_are_nodes_of_their_own(shared):
    path = f"/quotes/{n.AT[682]}?include=speaker,article.source,event.part_of"
    document = linked(shared, path)
    assert document["spokenByCharacter"] == linked(shared, f"/speakers/{n.MUTTAQI}")
    article = linked(shared, f"/articles/{n.ARTICLE}")
    assert document["isPartOf"] == {**article, "publisher": linked(shared, f"/sources/{n.MNTV}")}
    assert document["about"] == refer("speakers", n.RUSSIA) + [linked(shared, f"/events/{n.APPOINTMENT}")]
    nodes = expanded(shared, path)
    assert nodes[f"/quotes/{n.AT[682]}"][S + "spokenByCharacter"] == [{"@id": f"{shared.base}/speakers/{n.MUTTAQI}"}]
    assert nodes[f"/speakers/{n.MUTTAQI}"]["@type"] == [S + "Person"]
    assert nodes[f"/sources/{n.MNTV}"][S + "name"] == [{"@value": "MNTV"}]


def test_lists_and_what_no_word_leads_to_are_included(shared):
    path = f"/articles/{n.ARTICLE}?include=quotes.speaker,events"
    document = linked(shared, path)
    assert [one["@id"] for one in document["@included"]] == [f"/quotes/{i}" for i in range(1, 16)] + [f"/events/{i}" for i in range(1, 7)]
    nodes = expanded(shared, path)
    assert nodes[f"/quotes/{n.AT[2330]}"][S + "isPartOf"] == [{"@id": f"{shared.base}/articles/{n.ARTICLE}"}]
    assert nodes[f"/speakers/{n.ADEL}"][S + "name"] == [{"@value": "Enayatullah Adel"}]
    continued = linked(shared, f"/quotes/{n.AT[1933]}?include=continues")
    assert continued["@included"] == [linked(shared, f"/quotes/{n.AT[1786]}")]
    assert "@included" not in linked(shared, f"/quotes/{n.AT[1786]}?include=continues")


def test_fields_leave_the_id_and_the_type(shared):
    assert linked(shared, f"/quotes/{n.AT[88]}?fields=text,speaker.name") == {
        "@id": f"/quotes/{n.AT[88]}",
        "@type": "Quotation",
        "text": "it will soon appoint an ambassador to Moscow",
        "spokenByCharacter": {"@id": f"/speakers/{n.ADMINISTRATION}", "@type": "Organization", "name": "Taliban-led administration"},
    }
    assert list(linked(shared, f"/quotes/{n.AT[88]}?fields=spans")) == ["@id", "@type"]
    assert "articleBody" not in linked(shared, f"/articles/{n.ARTICLE}?fields=-body")
    assert linked(shared, f"/quotes/{n.AT[88]}?offsets=utf16") == linked(shared, f"/quotes/{n.AT[88]}")


def test_the_tag_is_the_version_and_a_digest(api):
    id = api.make("sources", name="Gazette")["id"]
    first = api.get(f"/sources/{id}", headers=ACCEPT)
    tag = first.headers["ETag"]
    assert tag.startswith('"1-') and len(tag) == len('"1-0123456789abcdef"')
    assert first.headers["Vary"].startswith("Accept, ")
    unchanged = api.get(f"/sources/{id}?format=jsonld", headers={"If-None-Match": tag})
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert api.get(f"/sources/{id}", headers={"If-None-Match": tag}).status_code == 200, "that is another representation"
    assert api.patch(f"/sources/{id}", json={"url": "https://g.example/"}, headers={"If-Match": tag}).status_code == 200
    assert api.get(f"/sources/{id}", headers={**ACCEPT, "If-None-Match": tag}).headers["ETag"].startswith('"2-')


def test_head_and_gzip(shared):
    path = f"/articles/{n.ARTICLE}?format=jsonld"
    got, head = shared.get(path), shared.head(path)
    for name in ("ETag", "Content-Type", "Content-Length", "Vary"):
        assert head.headers[name] == got.headers[name]
    packed = shared.get(path, headers={"Accept-Encoding": "gzip"})
    assert (packed.headers["Content-Encoding"], packed.json()) == ("gzip", got.json())


def test_what_is_not_there(shared):
    expect_problem(shared.get("/quotes/4711", headers={"Accept": "application/ld+json, application/problem+json"}), "not-found")
    expect_problem(shared.get("/quotes?format=jsonld"), "bad-request", errors=[("?format", "must be json, ndjson, csv or atom")])
    expect_problem(shared.get("/quotes", headers=ACCEPT), "not-acceptable", errors=[("Accept:", None)])


@pytest.mark.own_server
def test_the_public_address_is_the_one_in_ids(api_with):
    api = api_with(ONRECORD_PUBLIC_URL="https://record.example/api/")
    document = api.get(f"/quotes/{n.AT[88]}?format=jsonld").json()
    assert document["@id"] == f"https://record.example/api/quotes/{n.AT[88]}"
    assert document["isPartOf"] == {"@id": f"https://record.example/api/articles/{n.ARTICLE}"}


def test_else_it_is_the_host_that_was_asked(shared):
    path = f"/sources/{n.MNTV}?format=jsonld"
    for host in ("record.example", "record.example:81", "[::1]:8080"):
        assert shared.get(path, headers={"Host": host}).json()["@id"] == f"http://{host}/sources/{n.MNTV}"
    for host in ("a.example/", "a b", "user@a.example", '"><x', "a.example:", "a.example:x", "[::1"):
        answer = shared.get(path, headers={"Host": host})
        expect_problem(answer, "bad-request", errors=[("Host:", "must be a host, with a port where it needs one")])


def test_a_host_in_the_target_goes_before_the_header(shared):
    """RFC 9112, section 3.2.2."""
    path = f"/sources/{n.MNTV}?format=jsonld"
    for target in ("http://record.example:81", "HTTPS://record.example:81"):
        answer = RawAnswer(raw(shared.base, f"GET {target}{path} HTTP/1.1\r\nHost: other.example\r\n\r\n".encode(), read_all=False))
        assert answer.json()["@id"] == f"http://record.example:81/sources/{n.MNTV}"
    answer = RawAnswer(raw(shared.base, f"GET http://a%20b{path} HTTP/1.1\r\nHost: other.example\r\n\r\n".encode(), read_all=False))
    assert answer.status == 400 and "errors" not in answer.json()
