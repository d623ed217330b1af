"""Drives the stand-in for Airtable with pyairtable; arguments: its address, the token."""

import queue
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import requests
from pyairtable import Api, retry_strategy
from pyairtable.models import WebhookNotification

url, token = sys.argv[1], sys.argv[2]
# The stand-in's clock runs twenty times as fast: its second is 50 ms, its lock-out 1.5 s.
api = Api(token, endpoint_url=url, retry_strategy=retry_strategy(total=5, backoff_factor=0.5))
original = api.request


def paced(*args, **kwargs):
    time.sleep(0.012)
    return original(*args, **kwargs)


api.request = paced
base = api.base("appTest")

# Schema
assert api.whoami()["id"].startswith("usr")
assert len(api.bases()) == 1
tables = {table.name: table for table in base.tables()}
assert list(tables) == ["Leads", "Lead Lists", "Campaigns", "Documents", "Products", "Clients"], list(tables)
leads, campaigns = tables["Leads"], tables["Campaigns"]
schema = leads.schema()
assert schema.field("Full Name").type == "formula"
assert schema.field("Campaign").options.linked_table_id == campaigns.id
status_id = schema.field("Lead Status").id

# Records
made = leads.batch_create([{"Supabase Contact ID": f"c-{n}", "Lead Score": n} for n in range(25)])
assert [record["fields"]["Lead ID"] for record in made] == list(range(1, 26))
assert len(leads.all(page_size=10)) == 25
assert [r["id"] for r in leads.all(formula="AND({Lead Score} > 21, NOT({Lead Score} = 23))")] == [
    made[22]["id"],
    made[24]["id"],
]
assert leads.first(formula="{Supabase Contact ID} = 'c-7'", fields=["Lead Score"])["fields"] == {"Lead Score": 7}
assert leads.all(sort=["-Lead Score"], max_records=1)[0]["id"] == made[24]["id"]
assert len(leads.all(formula="OR(" + ",".join(f"{{Supabase Contact ID}}='c-{n}'" for n in range(25)) + ")")) == 25
upserted = leads.batch_upsert(
    [{"fields": {"Supabase Contact ID": f"c-{n}", "Lead Status": "New"}} for n in range(20, 32)],
    key_fields=["Supabase Contact ID"],
)
assert (len(upserted["updatedRecords"]), len(upserted["createdRecords"])) == (5, 7), upserted
one = leads.update(made[0]["id"], {"First Name": "Ann", "Deal Value": 12.5, "Decision Maker?": True})
assert one["fields"]["Full Name"] == "Ann"
replaced = leads.update(made[0]["id"], {"Last Name": "Lee"}, replace=True)
assert "Deal Value" not in replaced["fields"] and replaced["fields"]["Full Name"] == "Lee"
assert len(leads.batch_update([{"id": r["id"], "fields": {"Lead Score": 1}} for r in made[:12]])) == 12
assert leads.get(made[1]["id"], use_field_ids=True)["fields"][schema.field("Lead Score").id] == 1
assert leads.delete(made[0]["id"])["deleted"]
assert all(row["deleted"] for row in leads.batch_delete([record["id"] for record in made[1:13]]))

# Links
campaign = campaigns.create({"campaign_id": "s-1", "campaign_name": "Spring"})
linked = leads.create({"Campaign": [campaign["id"]]})
seen = campaigns.get(campaign["id"])["fields"]
assert (seen["leads"], seen["total_leads"]) == ([linked["id"]], 1), seen
typed = leads.create({"Campaign": ["s-2"], "Timeline": "Soon"}, typecast=True)
assert campaigns.get(typed["fields"]["Campaign"][0])["fields"]["campaign_id"] == "s-2"


# Errors
def refused(action, status, kind):
    try:
        action()
    except requests.HTTPError as error:
        assert error.response.status_code == status, error
        assert kind in error.response.text, error.response.text
    else:
        raise AssertionError(f"{kind} was expected")


refused(lambda: leads.create({"Shoe Size": 43}), 422, "UNKNOWN_FIELD_NAME")
refused(lambda: leads.create({"Full Name": "x"}), 422, "INVALID_VALUE_FOR_COLUMN")
refused(lambda: leads.create({"Lead Status": "Hot"}), 422, "INVALID_MULTIPLE_CHOICE_OPTIONS")
refused(lambda: leads.all(formula="{Nothing} = 1"), 422, "INVALID_FILTER_BY_FORMULA")
refused(lambda: leads.get("rec00000000009999"), 404, "NOT_FOUND")
refused(lambda: api.table("appTest", "Nowhere").all(), 403, "INVALID_PERMISSIONS_OR_MODEL_NOT_FOUND")
refused(lambda: leads.create_field("F", "formula", options={"formula": "1"}), 422, "UNSUPPORTED_FIELD_TYPE")

# Tables and fields
new = base.create_table("Notes", [{"name": "Title", "type": "singleLineText"}], description="made by hand")
field = new.create_field("Lead", "multipleRecordLinks", options={"linkedTableId": leads.id})
assert field.options.inverse_link_field_id
assert leads.schema(force=True).field("Notes").options.inverse_link_field_id == field.id
new.create_field("Size", "singleSelect", options={"choices": [{"name": "S"}, {"name": "L"}]})
assert new.create({"Title": "t", "Lead": [linked["id"]], "Size": "L"})["fields"]["Size"] == "L"

# Webhooks
pings = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        pings.put((body, self.headers["X-Airtable-Content-MAC"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
hook = base.add_webhook(
    f"http://127.0.0.1:{server.server_port}/ping",
    {
        "options": {
            "filters": {"dataTypes": ["tableData"], "recordChangeScope": leads.id, "watchDataInFieldIds": [status_id]},
            "includes": {"includePreviousCellValues": True},
        }
    },
)
created = leads.create({"Lead Status": "New"})
leads.update(created["id"], {"Lead Status": "Won"})
leads.delete(created["id"])
body, mac = pings.get(timeout=10)
assert WebhookNotification.from_request(body, mac, hook.mac_secret_base64).webhook.id == hook.id
try:
    WebhookNotification.from_request(body + " ", mac, hook.mac_secret_base64)
except ValueError:
    pass
else:
    raise AssertionError("a changed body was taken")
(webhook,) = base.webhooks()
assert webhook.are_notifications_enabled and webhook.cursor_for_next_payload == 4, webhook
first, second, third = webhook.payloads()
assert first.action_metadata.source == "publicApi"
assert first.changed_tables_by_id[leads.id].created_records_by_id[created["id"]].cell_values_by_field_id[status_id][
    "name"
] == "New"
change = second.changed_tables_by_id[leads.id].changed_records_by_id[created["id"]]
assert change.current.cell_values_by_field_id[status_id]["name"] == "Won"
assert change.previous.cell_values_by_field_id[status_id]["name"] == "New"
assert third.changed_tables_by_id[leads.id].destroyed_record_ids == [created["id"]]
webhook.extend_expiration()
webhook.disable_notifications()
webhook.delete()
assert base.webhooks() == []

# The limit: a burst locks the base, the client waits and gets through.
burst = [requests.get(f"{url}/v0/appTest/Leads?pageSize=1", headers={"Authorization": f"Bearer {token}"}) for _ in range(40)]
assert 429 in {answer.status_code for answer in burst}, "the burst met no limit"
assert leads.first() is not None
print("all as expected")
