//! Figures: samples, what is made of them, and how they are shown.
//!
//! Must not contain: the measuring.

use std::io::{self, Write};

use acceptance_tests::{machine, plugin_host::HostError, terraform::Cli};
use serde_json::{Value, json};

/// Samples of one quantity, in ascending order.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Samples(Vec<f64>);

impl Samples {
    /// `None` if there are none.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Option<Samples> {
        let mut values: Vec<f64> = values.into_iter().collect();
        values.sort_by(f64::total_cmp);
        (!values.is_empty()).then_some(Samples(values))
    }

    /// A part of the samples lies at or below this one; 0.5 is the median.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let last = self.0.len() - 1;
        // Of so few values the next one is as honest as an interpolation.
        let index = (part * last as f64).round() as usize;
        self.0[index.min(last)]
    }

    pub(crate) fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

/// All figures of a run. They are shown as they come.
pub(crate) struct Report {
    setting: Value,
    figures: Vec<Value>,
    section: &'static str,
}

/// Width of the column of names.
const NAMES: usize = 66;

impl Report {
    pub(crate) fn new(cli: Option<&Cli>) -> Report {
        Report {
            setting: json!({
                "provider": env!("CARGO_PKG_VERSION"),
                "cli": cli.map(ToString::to_string),
                "system": std::env::consts::OS,
                "architecture": std::env::consts::ARCH,
                "processors": std::thread::available_parallelism().map_or(1, usize::from),
                "processor": machine::processor(),
            }),
            figures: Vec::new(),
            section: "",
        }
    }

    pub(crate) fn say(&self, text: &str) -> Result<(), HostError> {
        Ok(writeln!(io::stdout(), "{text}")?)
    }

    /// Begins a section.
    pub(crate) fn section(&mut self, section: &'static str) -> Result<(), HostError> {
        if self.figures.is_empty() {
            self.say(&format!("Measured on: {}", self.setting))?;
        }
        self.section = section;
        self.say(&format!(
            "\n{section:<NAMES$} {:>9} {:>9} {:>9}  unit      runs  target",
            "min", "median", "p95"
        ))
    }

    /// Adds what was measured several times. `at_most` is the target of the median.
    pub(crate) fn add(
        &mut self,
        name: &str,
        unit: &'static str,
        samples: &Samples,
        at_most: Option<f64>,
    ) -> Result<(), HostError> {
        let (min, median) = (samples.quantile(0.0), samples.median());
        let (p95, max, runs) = (
            samples.quantile(0.95),
            samples.quantile(1.0),
            samples.0.len(),
        );
        let met = at_most.map(|most| median <= most);
        self.figures.push(json!({
            "section": self.section, "name": name, "unit": unit, "runs": runs,
            "min": min, "median": median, "p95": p95, "max": max, "at_most": at_most, "met": met,
        }));
        let target = at_most.zip(met).map_or_else(String::new, |(most, met)| {
            format!("≤ {} {}", shown(most), if met { "met" } else { "MISSED" })
        });
        let spread = |value| {
            if runs > 1 {
                shown(value)
            } else {
                String::new()
            }
        };
        let line = format!(
            "{name:<NAMES$} {:>9} {:>9} {:>9}  {unit:<8} {runs:>5}  {target}",
            spread(min),
            shown(median),
            spread(p95),
        );
        self.say(line.trim_end())
    }

    /// Adds what was measured once, or follows from other figures. `None`, where this machine does not tell, is said.
    pub(crate) fn value(
        &mut self,
        name: &str,
        unit: &'static str,
        value: Option<f64>,
        at_most: Option<f64>,
    ) -> Result<(), HostError> {
        match value.and_then(|value| Samples::of([value])) {
            Some(samples) => self.add(name, unit, &samples, at_most),
            None => self.say(&format!(
                "{name:<NAMES$} not measured: this system does not tell"
            )),
        }
    }

    /// Everything, as JSON text.
    pub(crate) fn json(&self) -> String {
        format!(
            "{:#}\n",
            json!({ "setting": self.setting, "figures": self.figures })
        )
    }
}

/// Three significant digits, all of those before the point.
fn shown(value: f64) -> String {
    let decimals = match value.abs() {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        value if value >= 1.0 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::{Samples, shown};

    #[test]
    fn quantiles() {
        let samples = Samples::of((1..=100).rev().map(f64::from)).expect("samples");
        assert_eq!(samples.quantile(0.0), 1.0);
        assert_eq!(samples.quantile(0.95), 95.0);
        assert_eq!(samples.quantile(1.0), 100.0);
        assert_eq!(Samples::of([3.0, 1.0, 2.0]).expect("samples").median(), 2.0);
        assert_eq!(Samples::of([]), None);
    }

    #[test]
    fn digits() {
        let check = |value, expected: &str| assert_eq!(shown(value), expected);
        check(7_320_408.4, "7320408");
        check(107.44, "107");
        check(44.31, "44.3");
        check(1.684, "1.68");
        check(0.0421, "0.042");
    }
}
