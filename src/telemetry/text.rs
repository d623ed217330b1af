//! `OpenMetrics` text, family by family.

use super::Histogram;

/// One metric with all its samples.
#[derive(Debug)]
pub struct Family {
    name: &'static str,
    /// How whole numbers become the unit.
    scale: Scale,
    text: String,
}

#[derive(Debug, Clone, Copy)]
enum Scale {
    Whole,
    /// Microseconds, told in seconds.
    Seconds,
}

impl Family {
    pub fn counter(name: &'static str, help: &str) -> Self {
        Self::new(name, "counter", help, Scale::Whole)
    }

    pub fn gauge(name: &'static str, help: &str) -> Self {
        Self::new(name, "gauge", help, Scale::Whole)
    }

    /// A histogram of times; its name ends in `_seconds`.
    pub fn seconds(name: &'static str, help: &str) -> Self {
        Self::new(name, "histogram", help, Scale::Seconds)
    }

    /// A histogram of whole numbers.
    pub fn sizes(name: &'static str, help: &str) -> Self {
        Self::new(name, "histogram", help, Scale::Whole)
    }

    fn new(name: &'static str, kind: &str, help: &str, scale: Scale) -> Self {
        let unit = match scale {
            Scale::Seconds => format!("# UNIT {name} seconds\n"),
            Scale::Whole => String::new(),
        };
        Self { name, scale, text: format!("# TYPE {name} {kind}\n{unit}# HELP {name} {help}\n") }
    }

    /// A sample of a counter (which ends in `_total`) or of a gauge.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let ending = if self.text.starts_with(&format!("# TYPE {} counter", self.name)) { "_total" } else { "" };
        self.line(ending, labels, None, &value.to_string());
    }

    pub fn histogram(&mut self, labels: &[(&str, &str)], histogram: &Histogram) {
        let mut sum = 0;
        for (bound, count) in histogram.buckets() {
            sum += count;
            let bound = bound.map_or_else(|| "+Inf".to_owned(), |bound| self.told(bound));
            self.line("_bucket", labels, Some(&bound), &sum.to_string());
        }
        self.line("_count", labels, None, &sum.to_string());
        self.line("_sum", labels, None, &self.told(histogram.sum()));
    }

    pub fn text(self) -> String {
        self.text
    }

    fn told(&self, value: u64) -> String {
        match self.scale {
            Scale::Whole => value.to_string(),
            Scale::Seconds => {
                let text = format!("{}.{:06}", value / 1_000_000, value % 1_000_000);
                text.trim_end_matches('0').trim_end_matches('.').to_owned()
            }
        }
    }

    fn line(&mut self, ending: &str, labels: &[(&str, &str)], bound: Option<&str>, value: &str) {
        let mut told: Vec<String> =
            labels.iter().map(|(name, value)| format!("{name}=\"{}\"", escaped(value))).collect();
        told.extend(bound.map(|bound| format!("le=\"{bound}\"")));
        let told = if told.is_empty() { String::new() } else { format!("{{{}}}", told.join(",")) };
        self.text.push_str(&format!("{}{ending}{told} {value}\n", self.name));
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}
