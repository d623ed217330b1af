"""Drives the stand-in for Google with Google's own Python clients; argument: its address."""

import base64
import json
import queue
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import google.auth.exceptions
import google.auth.transport.requests
import google.oauth2.credentials
import jwt
import requests
from google.oauth2 import id_token, service_account
from googleapiclient.discovery import build
from googleapiclient.errors import HttpError

url = sys.argv[1]
ANN = "ann@sales.example"
SCOPE = "https://www.googleapis.com/auth/gmail.readonly"


def mail(number, subject="Hello"):
    return (
        f"From: Pat <pat@customer.example>\r\nTo: {ANN}\r\nSubject: {subject}\r\nMessage-ID: <{number}@customer.example>\r\n"
        f"\r\nNumber {number}: \u00e4\u00f6\u00fc\r\n"
    ).encode()


def deliver(number):
    return requests.post(f"{url}/sandbox/google/mailboxes/{ANN}/messages", data=mail(number)).json()["id"]


def gmail(credentials):
    options = {"api_endpoint": url}
    return build("gmail", "v1", credentials=credentials, client_options=options, cache_discovery=False).users()


def fails(status, call):
    try:
        call.execute()
    except HttpError as error:
        assert error.resp.status == status, error
        return error
    raise AssertionError(f"{status} was expected")


# Both kinds of credentials
grant = requests.put(f"{url}/sandbox/google/mailboxes/{ANN}").json()


def consented(**change):
    known = {name: grant[name] for name in ("client_id", "client_secret", "refresh_token", "token_uri")}
    return google.oauth2.credentials.Credentials(token=None, scopes=[SCOPE], **{**known, **change})


by_refresh = consented()
account = requests.get(f"{url}/sandbox/google/service_account").json()
delegated = service_account.Credentials.from_service_account_info(account, scopes=[SCOPE], subject=ANN)
for credentials in (by_refresh, delegated):
    assert gmail(credentials).getProfile(userId="me").execute()["emailAddress"] == ANN
users = gmail(by_refresh)
for broken in (
    consented(refresh_token="1//x"),
    consented(client_secret="x"),
    service_account.Credentials.from_service_account_info(account, scopes=[SCOPE], subject="x@sales.example"),
    service_account.Credentials.from_service_account_info(account, scopes=["https://mail.google.com/"], subject=ANN),
):
    try:
        broken.refresh(google.auth.transport.requests.Request())
        raise AssertionError("a refusal was expected")
    except google.auth.exceptions.RefreshError as error:
        print("refused:", error.args[0][:80])

# Pushes, proven by Google's own verifier
pushes = queue.Queue()


class Receiver(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        pushes.put((self.headers, json.loads(body)))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Receiver)
threading.Thread(target=server.serve_forever, daemon=True).start()
endpoint = f"http://127.0.0.1:{server.server_port}/hooks/gmail/acme"
requests.put(f"{url}/sandbox/google/subscription", json={"endpoint": endpoint}).raise_for_status()
topic = "projects/sandbox-project/topics/gmail"
watch = users.watch(userId="me", body={"topicName": topic, "labelIds": ["INBOX"], "labelFilterBehavior": "include"}).execute()
start = watch["historyId"]
headers, body = pushes.get(timeout=10)
request = google.auth.transport.requests.Request()
token = headers["authorization"].removeprefix("Bearer ")
claims = id_token.verify_token(token, request, audience=endpoint, certs_url=f"{url}/oauth2/v3/certs")
assert claims["email_verified"] and claims["iss"] == "https://accounts.google.com", claims
data = json.loads(base64.b64decode(body["message"]["data"]))
assert data == {"emailAddress": ANN, "historyId": int(start)}, data
try:
    id_token.verify_token(token, request, audience="elsewhere", certs_url=f"{url}/oauth2/v3/certs")
    raise AssertionError("another audience was taken")
except (google.auth.exceptions.GoogleAuthError, jwt.PyJWTError) as error:
    print("refused:", str(error)[:80])
fails(404, users.watch(userId="me", body={"topicName": "projects/p/topics/none"}))

# Mail: history with every page, listing with every page, all formats
time.sleep(1.1)  # Within a second of another push there is none.
ids = [deliver(number) for number in range(7)]
assert pushes.get(timeout=10)[1]["message"]["messageId"]
added = []
call = users.history().list(userId="me", startHistoryId=start, historyTypes=["messageAdded"], maxResults=2)
while call is not None:
    page = call.execute()
    added += [change["message"]["id"] for record in page.get("history", []) for change in record["messagesAdded"]]
    call = users.history().list_next(call, page)
assert sorted(set(added)) == ids, added
listed = []
call = users.messages().list(userId="me", q="in:inbox newer_than:1d", maxResults=3)
while call is not None:
    page = call.execute()
    listed += [message["id"] for message in page.get("messages", [])]
    call = users.messages().list_next(call, page)
assert listed == ids[::-1], listed
for number, id in enumerate(ids):
    raw = users.messages().get(userId="me", id=id, format="raw").execute()["raw"]
    assert base64.urlsafe_b64decode(raw + "=" * (-len(raw) % 4)) == mail(number)
head = users.messages().get(userId="me", id=ids[0], format="metadata", metadataHeaders=["Subject", "From"]).execute()
assert [header["name"] for header in head["payload"]["headers"]] == ["From", "Subject"], head
assert "payload" not in users.messages().get(userId="me", id=ids[0], format="minimal").execute()

# Refusals, with the reasons that Google's client reads
assert "notFound" in str(fails(404, users.messages().get(userId="me", id="1900", format="raw")).error_details)
fails(400, users.messages().get(userId="me", id="zz", format="raw"))
fails(404, users.history().list(userId="me", startHistoryId="1"))
fails(400, users.history().list(userId="me", startHistoryId=start, pageToken="7"))
fails(403, users.getProfile(userId="ben@sales.example"))
assert users.stop(userId="me").execute() == ""
spent = 0
while True:
    try:
        users.messages().get(userId="me", id=ids[0], format="raw").execute()
        spent += 1
    except HttpError as error:
        print("refused:", error.resp.status, str(error.error_details)[:100])
        break
print(f"all as expected; {spent} more messages until the minute's units were used up")
assert 250 < spent < 300
