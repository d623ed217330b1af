//! Headless Chromium, driven over `WebDriver`'s plain JSON. It is found, else Debian's packages are installed; what can't run is a failure.

use crate::http::send;
use base64::Engine as _;
use serde_json::{Value, json};
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

const FLAGS: [&str; 10] = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
];

pub struct Browser {
    driver: Child,
    addr: String,
    session: String,
    /// Its own, and gone with it.
    _profile: tempfile::TempDir,
}

/// How a page is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    pub width: u32,
    pub height: u32,
    pub is_dark: bool,
    pub has_script: bool,
}

impl Look {
    pub const DESK: Self = Self { width: 1_280, height: 900, is_dark: false, has_script: true };
    pub const PHONE: Self = Self { width: 360, height: 740, ..Self::DESK };
}

fn programs() -> (&'static str, &'static str) {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let is_there = || ["chromium", "chromedriver"].iter().all(|name| runs(Command::new(name).arg("--version")));
    INSTALLED.get_or_init(|| {
        if !is_there() {
            let install = "apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends chromium chromium-driver";
            runs(Command::new("sh").args(["-c", install]));
        }
        assert!(is_there(), "chromium and chromedriver are needed (Debian: chromium, chromium-driver)");
    });
    ("chromium", "chromedriver")
}

fn runs(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

impl Browser {
    pub async fn open(look: Look) -> Self {
        let (_, program) = programs();
        let profile = tempfile::tempdir().unwrap();
        let mut driver =
            Command::new(program).arg("--port=0").stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(driver.stdout.take().unwrap()).lines();
        let port = loop {
            let line = lines.next().unwrap_or_else(|| panic!("chromedriver ended before it listened")).unwrap();
            if let Some((_, rest)) = line.split_once("started successfully on port ") {
                break rest.trim_end_matches('.').to_owned();
            }
        };
        std::thread::spawn(move || lines.for_each(drop));
        let mut flags: Vec<String> = FLAGS.iter().map(|flag| (*flag).to_owned()).collect();
        flags.push(format!("--user-data-dir={}", profile.path().display()));
        flags.push(format!("--window-size={},{}", look.width, look.height));
        let preferences = if look.has_script {
            json!({})
        } else {
            json!({ "profile.managed_default_content_settings.javascript": 2 })
        };
        let wanted = json!({ "capabilities": { "alwaysMatch": {
            "goog:chromeOptions": { "args": flags, "prefs": preferences },
            "goog:loggingPrefs": { "browser": "ALL" },
        } } });
        let mut browser = Self { driver, addr: format!("127.0.0.1:{port}"), session: String::new(), _profile: profile };
        let begun = browser.call("POST", "/session", &wanted).await;
        browser.session = format!("/session/{}", begun["sessionId"].as_str().unwrap());
        // An element that is not there yet is waited for, bounded.
        browser.post("/timeouts", &json!({ "implicit": 10_000 })).await;
        let scheme = if look.is_dark { "dark" } else { "light" };
        browser
            .devtools(
                "Emulation.setEmulatedMedia",
                &json!({ "features": [{ "name": "prefers-color-scheme", "value": scheme }] }),
            )
            .await;
        // Exactly this wide, whatever a window's frame takes.
        browser
            .devtools("Emulation.setDeviceMetricsOverride", &json!({ "width": look.width, "height": look.height, "deviceScaleFactor": 1, "mobile": look.width < 600 }))
            .await;
        browser
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Value {
        self.attempt(method, path, body).await.unwrap_or_else(|told| panic!("{method} {path} {body}: {told}"))
    }

    async fn attempt(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = send(&self.addr, method, path, &[("content-type", "application/json")], &text).await;
        let value: Value = serde_json::from_str(&answer.body).unwrap();
        if answer.status == 200 { Ok(value["value"].clone()) } else { Err(value) }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        self.call("POST", &format!("{}{path}", self.session), body).await
    }

    async fn devtools(&self, command: &str, parameters: &Value) -> Value {
        self.post("/goog/cdp/execute", &json!({ "cmd": command, "params": parameters })).await
    }

    pub async fn go(&self, url: &str) {
        self.post("/url", &json!({ "url": url })).await;
    }

    pub async fn path(&self) -> String {
        let url = self.call("GET", &format!("{}/url", self.session), &Value::Null).await;
        let url = url.as_str().unwrap();
        url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| rest[at..].to_owned())).unwrap_or_default()
    }

    async fn element(&self, selector: &str) -> String {
        let found = self.post("/element", &json!({ "using": "css selector", "value": selector })).await;
        found.as_object().unwrap().values().next().unwrap().as_str().unwrap().to_owned()
    }

    pub async fn click(&self, selector: &str) {
        let element = self.element(selector).await;
        self.post(&format!("/element/{element}/click"), &json!({})).await;
    }

    /// Clicks what leads to another page, and waits until that one is whole: a click by itself returns while the old page still answers.
    pub async fn follow(&self, selector: &str) {
        self.mark().await;
        self.click(selector).await;
        self.arrive(selector).await;
    }

    /// Clicks what asks a question, and answers it; with no it leads nowhere.
    pub async fn follow_saying(&self, selector: &str, yes: bool) {
        self.mark().await;
        self.click(selector).await;
        self.post(if yes { "/alert/accept" } else { "/alert/dismiss" }, &json!({})).await;
        if yes {
            self.arrive(selector).await;
        }
    }

    /// The same for keys that lead to another page.
    pub async fn press_to(&self, keys: &str) {
        self.mark().await;
        self.press(keys).await;
        self.arrive(keys).await;
    }

    async fn mark(&self) {
        self.evaluate("document.left = true").await;
    }

    async fn arrive(&self, by: &str) {
        let asked = json!({ "cmd": "Runtime.evaluate", "params": {
            "expression": "document.left !== true && document.readyState === 'complete'", "returnByValue": true,
        } });
        for _ in 0..400 {
            // Between two pages there is none to ask, which the driver tells as an error.
            let told = self.attempt("POST", &format!("{}/goog/cdp/execute", self.session), &asked).await;
            if told.is_ok_and(|told| told["result"]["value"] == true) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("{by} led nowhere from {}", self.path().await);
    }

    pub async fn type_into(&self, selector: &str, text: &str) {
        let element = self.element(selector).await;
        self.post(&format!("/element/{element}/value"), &json!({ "text": text })).await;
    }

    pub async fn text(&self, selector: &str) -> String {
        let element = self.element(selector).await;
        let text = self.call("GET", &format!("{}/element/{element}/text", self.session), &Value::Null).await;
        text.as_str().unwrap().to_owned()
    }

    /// Presses keys wherever the focus is.
    pub async fn press(&self, keys: &str) {
        let actions: Vec<Value> = keys
            .chars()
            .flat_map(|key| {
                [
                    json!({ "type": "keyDown", "value": key.to_string() }),
                    json!({ "type": "keyUp", "value": key.to_string() }),
                ]
            })
            .collect();
        self.post("/actions", &json!({ "actions": [{ "type": "key", "id": "keys", "actions": actions }] })).await;
    }

    /// By the tools of the developer, so that it works where the page's own scripts do not run.
    pub async fn evaluate(&self, expression: &str) -> Value {
        let told = self
            .devtools(
                "Runtime.evaluate",
                &json!({ "expression": expression, "returnByValue": true, "awaitPromise": true }),
            )
            .await;
        assert!(told["exceptionDetails"].is_null(), "{expression}: {told}");
        told["result"]["value"].clone()
    }

    /// What the console of the developer says: errors, and violations of the policy.
    pub async fn complaints(&self) -> Vec<String> {
        let lines = self.post("/se/log", &json!({ "type": "browser" })).await;
        lines.as_array().unwrap().iter().map(|line| line["message"].as_str().unwrap().to_owned()).collect()
    }

    /// The whole page as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        let told =
            self.devtools("Page.captureScreenshot", &json!({ "captureBeyondViewport": true, "format": "png" })).await;
        base64::engine::general_purpose::STANDARD.decode(told["data"].as_str().unwrap()).unwrap()
    }

    pub async fn close(mut self) {
        self.call("DELETE", &self.session.clone(), &Value::Null).await;
        self.session.clear();
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // chromedriver ends its browser when it is asked to; where a test failed there was no time for that.
        if !self.session.is_empty() {
            let request =
                format!("DELETE {} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n\r\n", self.session, self.addr);
            if let Ok(mut stream) = std::net::TcpStream::connect(&self.addr) {
                drop(std::io::Write::write_all(&mut stream, request.as_bytes()));
                drop(stream.set_read_timeout(Some(std::time::Duration::from_secs(10))));
                drop(std::io::Read::read(&mut stream, &mut [0; 64]));
            }
        }
        drop(self.driver.kill());
        drop(self.driver.wait());
    }
}
