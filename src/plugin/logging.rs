//! Logs: tracing events become the JSON lines on stderr that Terraform filters by level and prints.
//!
//! Only events of the provider's own crates pass, with any target: the traces of HTTP libraries hold credentials.
//! Texts become safe to print here, because Terraform prints them as they are.
//!
//! A field `object` that holds a JSON object becomes one key for each of its members, such as `object.id`. The names of
//! the fields of an event are fixed at compile time, but which attributes name an object depends on its type.
//!
//! The line format is that of `hashicorp/go-hclog`: one JSON object with `@level`, `@message`, `@timestamp` and `@module`,
//! and any other key as a field. Terraform takes a line with another timestamp layout for plain text, and crashes on an
//! `@message` that is no string; so both are made here and nowhere else.

use std::{
    ffi::OsStr,
    fmt::{self, Write as _},
    io,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
    time::Duration,
};

use serde_json::{Map, Number, Value};
use time::{
    OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description,
};
use tracing::{
    Event, Level, Metadata, Span, Subscriber,
    field::{self, Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

use framework::printable_text;

use super::{
    ProviderInfo,
    convert::path_from_wire,
    proto::tfplugin6::{self as wire, diagnostic::Severity},
};

/// The most verbose level of which anybody will see a line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Verbosity(LevelFilter);

impl Verbosity {
    /// `own` is the variable of this provider, the others are Terraform's, of which `TF_LOG_PROVIDER` wins.
    ///
    /// Terraform drops what `TF_LOG_PROVIDER` or `TF_LOG` does not ask for, so that less need not be formatted in the
    /// first place. For it, an unknown level means `TRACE`, and `JSON` is `TRACE` in another dress.
    pub(super) fn from_variables(
        own: Option<&OsStr>,
        provider: Option<&OsStr>,
        all: Option<&OsStr>,
    ) -> Self {
        let set = |variable: Option<&OsStr>| variable.filter(|value| !value.is_empty()).map(level);
        let asked = set(provider).or(set(all)).unwrap_or(LevelFilter::OFF);
        let own = set(own).unwrap_or(LevelFilter::TRACE);
        Self(asked.min(own))
    }
}

fn level(name: &OsStr) -> LevelFilter {
    match name.to_string_lossy().to_ascii_uppercase().as_str() {
        "OFF" => LevelFilter::OFF,
        "ERROR" => LevelFilter::ERROR,
        "WARN" => LevelFilter::WARN,
        "INFO" => LevelFilter::INFO,
        "DEBUG" => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    }
}

/// Lets events become lines on stderr from now on. Keep the returned value, to give the last lines time to be written.
pub(super) fn install(info: &ProviderInfo, verbosity: Verbosity) -> Logs {
    if verbosity.0 == LevelFilter::OFF {
        return Logs { lines: None };
    }
    // A host that stops reading its end must not stop a call to the cloud: a thread waits in the call's stead.
    let (lines, written) = sync_channel(QUEUE);
    let writer = thread::Builder::new()
        .name("log".to_owned())
        .spawn(move || write_lines(&written, io::stderr()));
    if writer.is_err() {
        return Logs { lines: None };
    }
    let layer = JsonLines {
        address: info.address,
        crates: info.crates,
        verbosity: verbosity.0,
        clock: OffsetDateTime::now_utc,
        lines: lines.clone(),
        lost: AtomicU64::new(0),
    };
    // Fails if this process has a subscriber already, which only a test can have; its own then sees the events.
    let _ = tracing::subscriber::set_global_default(Registry::default().with(layer));
    Logs { lines: Some(lines) }
}

/// The way of the lines to stderr.
#[derive(Debug)]
pub(super) struct Logs {
    lines: Option<SyncSender<Output>>,
}

impl Logs {
    /// Waits until all lines so far are written, but not long: stderr may be stuck.
    pub(super) fn flush(&self) {
        let Some(lines) = &self.lines else { return };
        let (done, is_done) = sync_channel(1);
        if lines.try_send(Output::Flush(done)).is_ok() {
            // Too late, or written: both end the wait.
            let _ = is_done.recv_timeout(Duration::from_millis(200));
        }
    }
}

/// A span around one RPC, for everything that is logged while it is served, with the keys of the Go SDK. The framework adds
/// the object that it is about.
///
/// `rpc` is the name in the proto, such as `ReadResource`. The request ID is new for each call. Enter the span with
/// [`tracing::Instrument`], which keeps it across `await`; a spawned task needs `.in_current_span()` or `.instrument(span)`
/// of its own.
pub(super) fn rpc_span(rpc: &'static str, subject: Subject<'_>) -> Span {
    let (mut resource, mut data_source, mut list_resource, mut action) = (None, None, None, None);
    match subject {
        Subject::Provider => {}
        Subject::Resource(name) => resource = Some(name),
        Subject::DataSource(name) => data_source = Some(name),
        Subject::ListResource(name) => list_resource = Some(name),
        Subject::Action(name) => action = Some(name),
    }
    // At the error level, so that even the last level that can be asked for carries these keys.
    tracing::error_span!(
        "rpc",
        tf_rpc = rpc,
        tf_req_id = %uuid::Uuid::new_v4(),
        tf_resource_type = resource,
        tf_data_source_type = data_source,
        tf_list_resource_type = list_resource,
        tf_action_type = action,
        object = field::Empty,
    )
}

/// The type that a call concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject<'a> {
    /// None: the provider as a whole.
    Provider,
    /// A managed resource type.
    Resource(&'a str),
    /// A data source.
    DataSource(&'a str),
    /// A list resource.
    ListResource(&'a str),
    /// An action.
    Action(&'a str),
}

/// Logs that the call of the current RPC span begins.
pub fn rpc_received() {
    tracing::trace!("Received request");
}

/// Logs the response to the call of the current RPC span, with its duration and its number of diagnostics.
pub fn rpc_served(duration: Duration, errors: usize, warnings: usize) {
    tracing::debug!(
        tf_req_duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        diagnostic_error_count = errors,
        diagnostic_warning_count = warnings,
        "Served request"
    );
}

/// Logs a diagnostic of a response, at the level of its severity. Nothing in it is secret.
pub(super) fn diagnostic(diagnostic: &wire::Diagnostic) {
    let attribute = diagnostic
        .attribute
        .as_ref()
        .map(|path| path_from_wire(path).to_string());
    macro_rules! log {
        ($level:expr, $severity:literal, $message:literal) => {
            tracing::event!(
                $level,
                diagnostic_severity = $severity,
                diagnostic_summary = diagnostic.summary,
                diagnostic_detail = diagnostic.detail,
                diagnostic_attribute = attribute,
                $message
            )
        };
    }
    match diagnostic.severity() {
        Severity::Warning => log!(
            Level::WARN,
            "WARNING",
            "Response contains warning diagnostic"
        ),
        Severity::Error | Severity::Invalid => {
            log!(Level::ERROR, "ERROR", "Response contains error diagnostic");
        }
    }
}

/// Lines that may wait for a slow reader; further ones are dropped, and the next line that gets through says how many.
const QUEUE: usize = 512;

/// Terraform reads lines of up to 64 KiB as JSON.
const MAX_LINE: usize = 60 << 10;

/// What is in the queue.
#[derive(Debug)]
enum Output {
    /// A line, its newline included.
    Line(String),
    /// A question whether everything before it is written.
    Flush(SyncSender<()>),
}

/// Writes until all senders are gone. After a failure it goes on reading, so that nobody waits.
fn write_lines(lines: &Receiver<Output>, mut stderr: impl io::Write) {
    while let Ok(output) = lines.recv() {
        match output {
            // There is no place to report this. The process continues without its log.
            Output::Line(line) => drop(stderr.write_all(line.as_bytes())),
            Output::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// The layer that formats.
struct JsonLines {
    address: &'static str,
    /// The provider's own crates.
    crates: &'static [&'static str],
    verbosity: LevelFilter,
    clock: fn() -> OffsetDateTime,
    lines: SyncSender<Output>,
    lost: AtomicU64,
}

impl JsonLines {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.verbosity && is_own(module_path(metadata), self.crates)
    }

    fn line<S>(&self, event: &Event<'_>, context: &Context<'_, S>, lost: u64) -> String
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        let mut fields = Fields::default();
        for span in context
            .event_scope(event)
            .into_iter()
            .flat_map(|scope| scope.from_root())
        {
            if let Some(recorded) = span.extensions().get::<Fields>() {
                fields.object.extend(
                    recorded
                        .object
                        .iter()
                        .map(|(key, value)| (key.clone(), value.clone())),
                );
            }
        }
        event.record(&mut fields);
        let Fields {
            mut object,
            message,
        } = fields;
        if object.contains_key("tf_rpc") {
            object.insert("tf_provider_addr".to_owned(), self.address.into());
            object.insert("tf_proto_version".to_owned(), PROTOCOL.into());
        }
        if lost > 0 {
            object.insert("log_lines_lost".to_owned(), lost.into());
        }
        let metadata = event.metadata();
        object.insert("@level".to_owned(), level_name(*metadata.level()).into());
        object.insert("@message".to_owned(), message.into());
        object.insert("@module".to_owned(), module(module_path(metadata)).into());
        object.insert("@timestamp".to_owned(), timestamp((self.clock)()).into());
        fit(object)
    }
}

impl<S> Layer<S> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        self.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.verbosity)
    }

    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if let Some(span) = context.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().replace(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let lost = self.lost.swap(0, Ordering::Relaxed);
        let line = self.line(event, &context, lost);
        // A log with gaps is better than a provider that stands still because nobody reads its stderr.
        if self.lines.try_send(Output::Line(line)).is_err() {
            self.lost.fetch_add(lost + 1, Ordering::Relaxed);
        }
    }
}

const PROTOCOL: &str = "6.11";

/// The field of the framework's spans that names an object by its attributes.
const OBJECT: &str = "object";

/// The name of this crate, as the first step of every target in it.
fn own_crate() -> &'static str {
    module_path!().split("::").next().unwrap_or_default()
}

/// The module that an event or a span was written in. Its target is the same, unless the code says otherwise.
fn module_path<'a>(metadata: &Metadata<'a>) -> &'a str {
    metadata.module_path().unwrap_or(metadata.target())
}

/// Whether a module belongs to this crate, the framework, or one of the provider's other crates.
fn is_own(module: &str, crates: &[&str]) -> bool {
    let name = module.split("::").next().unwrap_or_default();
    name == own_crate() || name == "framework" || crates.contains(&name)
}

/// The logger's name, after the convention of the Go SDK.
fn module(path: &str) -> &'static str {
    let mut parts = path.split("::");
    match (parts.next(), parts.next()) {
        (Some("framework"), _) => "sdk.framework",
        (Some(name), Some("plugin")) if name == own_crate() => "sdk.proto",
        _ => "provider",
    }
}

const fn level_name(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warn",
        Level::ERROR => "error",
    }
}

/// UTC with exactly six digits of the second's fraction, the only layout that hosts read.
fn timestamp(now: OffsetDateTime) -> String {
    const LAYOUT: &[BorrowedFormatItem<'_>] =
        format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");
    // Fails only for a component that the value lacks, and it has date and time.
    now.to_offset(UtcOffset::UTC)
        .format(LAYOUT)
        .unwrap_or_default()
}

/// Serialises an object into a line of at most [`MAX_LINE`] bytes, newline included: the longest texts are shortened first.
fn fit(mut object: Map<String, Value>) -> String {
    let mut limit = MAX_LINE / 2;
    loop {
        let mut line = Value::Object(object.clone()).to_string();
        line.push('\n');
        if line.len() <= MAX_LINE {
            return line;
        }
        if limit < 64 {
            // Not long texts but many keys.
            object.retain(|key, _| key.starts_with('@'));
        }
        object.values_mut().for_each(|value| {
            if let Value::String(text) = value {
                shorten(text, limit);
            }
        });
        limit /= 2;
    }
}

/// Cuts a text to `limit` bytes and a mark.
fn shorten(text: &mut String, limit: usize) {
    const MARK: &str = "... (cut)";
    if text.len() > limit + MARK.len() {
        text.truncate(head(text, limit).len());
        text.push_str(MARK);
    }
}

/// At most `limit` bytes from the beginning of a text, whole characters only.
pub(super) fn head(text: &str, limit: usize) -> &str {
    let end = (0..=limit.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or(0)]
}

/// The fields of an event or a span.
#[derive(Debug, Default)]
struct Fields {
    object: Map<String, Value>,
    message: String,
}

impl Fields {
    fn insert(&mut self, field: &Field, value: Value) {
        // Keys with @ are the format's own.
        let key = field.name().trim_start_matches('@');
        self.object.insert(key.to_owned(), value);
    }

    fn insert_text(&mut self, field: &Field, text: &str) {
        if field.name() == "message" {
            self.message = printable_text(text);
            return;
        }
        if field.name() == OBJECT
            && let Ok(members) = serde_json::from_str::<Map<String, Value>>(text)
        {
            for (name, value) in members {
                let value = value
                    .as_str()
                    .map_or_else(|| value.to_string(), str::to_owned);
                let key = printable_text(&format!("{OBJECT}.{name}"));
                self.object.insert(key, printable_text(&value).into());
            }
            return;
        }
        self.insert(field, printable_text(text).into());
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        // Writing to a string fails only if `value` says so; what it wrote until then stands.
        let _ = write!(text, "{value:?}");
        self.insert_text(field, &text);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.insert_text(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record_value(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.record_value(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record_value(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        // JSON has no infinities.
        let value = Number::from_f64(value).map_or_else(|| value.to_string().into(), Value::Number);
        self.record_value(field, value);
    }
}

impl Fields {
    /// A number or a flag. As a message it becomes text: a message of any other type crashes Terraform.
    fn record_value(&mut self, field: &Field, value: Value) {
        if field.name() == "message" {
            self.message = value.to_string();
        } else {
            self.insert(field, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use framework::AttributePath;
    use tracing::{
        Instrument,
        callsite::{Callsite, Identifier},
        field::FieldSet,
        metadata::Kind,
    };

    use super::*;
    use crate::plugin::convert::path_to_wire;

    /// Runs `log` with the layer in place, and returns what it wrote.
    fn lines(verbosity: LevelFilter, log: impl FnOnce()) -> Vec<Map<String, Value>> {
        let (layer, lines) = layer(verbosity, 100);
        tracing::subscriber::with_default(Registry::default().with(layer), log);
        lines.try_iter().map(parse).collect()
    }

    fn layer(verbosity: LevelFilter, queue: usize) -> (JsonLines, Receiver<Output>) {
        let (lines, written) = sync_channel(queue);
        let layer = JsonLines {
            address: "registry.terraform.io/example/toy",
            crates: &[],
            verbosity,
            clock: || {
                OffsetDateTime::UNIX_EPOCH + time::Duration::microseconds(1_700_000_000_000_042)
            },
            lines,
            lost: AtomicU64::new(0),
        };
        (layer, written)
    }

    fn parse(output: Output) -> Map<String, Value> {
        let Output::Line(line) = output else {
            panic!("asks for a flush")
        };
        assert!(line.len() <= MAX_LINE);
        let json = line.strip_suffix('\n').expect("ends with a newline");
        assert!(!json.contains('\n'), "{json}");
        serde_json::from_str(json).expect("is an object")
    }

    fn one(log: impl FnOnce()) -> Map<String, Value> {
        let mut lines = lines(LevelFilter::TRACE, log);
        assert_eq!(lines.len(), 1);
        lines.remove(0)
    }

    #[test]
    fn the_line() {
        let line = one(|| tracing::info!(count = 7, flag = true, text = "a\nb", "it is {}", "so"));
        let expected = serde_json::json!({
            "@level": "info",
            "@message": "it is so",
            "@module": "sdk.proto",
            "@timestamp": "2023-11-14T22:13:20.000042Z",
            "count": 7,
            "flag": true,
            "text": "a\nb",
        });
        assert_eq!(Value::Object(line), expected);
    }

    #[test]
    fn timestamp_fraction_has_six_digits() {
        let check = |nanoseconds: i64, expected: &str| {
            assert_eq!(
                timestamp(OffsetDateTime::UNIX_EPOCH + time::Duration::nanoseconds(nanoseconds)),
                expected
            );
        };
        check(0, "1970-01-01T00:00:00.000000Z");
        check(1, "1970-01-01T00:00:00.000000Z");
        check(999_999_999, "1970-01-01T00:00:00.999999Z");
        check(1_500_000_000, "1970-01-01T00:00:01.500000Z");
        let elsewhere =
            OffsetDateTime::UNIX_EPOCH.to_offset(UtcOffset::from_hms(8, 0, 0).expect("is one"));
        assert_eq!(timestamp(elsewhere), "1970-01-01T00:00:00.000000Z");
    }

    #[test]
    fn log_message_is_always_text() {
        let message = |log: fn()| one(log)["@message"].clone();
        assert_eq!(message(|| tracing::info!(message = 7)), "7");
        assert_eq!(message(|| tracing::info!(message = true)), "true");
        assert_eq!(message(|| tracing::info!(message = 0.5)), "0.5");
        assert_eq!(message(|| tracing::info!(message = ?[1, 2])), "[1, 2]");
        assert_eq!(message(|| tracing::info!(a = 1)), "");
        let line =
            one(|| tracing::info!("@message" = 7, "@level" = "loud", "@timestamp" = 1, "real"));
        assert_eq!(line["@message"], "real");
        assert_eq!(line["@level"], "info");
        assert_eq!(line["@timestamp"], "2023-11-14T22:13:20.000042Z");
        assert_eq!(line["level"], "loud");
    }

    #[test]
    fn values() {
        let value = |log: fn()| one(log)["v"].clone();
        assert_eq!(value(|| tracing::info!(v = -7)), -7);
        assert_eq!(value(|| tracing::info!(v = u64::MAX)), u64::MAX);
        assert_eq!(value(|| tracing::info!(v = 0.5)), 0.5);
        assert_eq!(value(|| tracing::info!(v = f64::NAN)), "NaN");
        assert_eq!(value(|| tracing::info!(v = f64::INFINITY)), "inf");
        assert_eq!(value(|| tracing::info!(v = "\té\"")), "\té\"");
        assert_eq!(value(|| tracing::info!(v = ?Some(1))), "Some(1)");
        assert_eq!(value(|| tracing::info!(v = %"shown")), "shown");
    }

    #[test]
    fn log_lines_of_an_rpc_have_its_keys() {
        let line = one(|| {
            let _rpc = rpc_span("ReadResource", Subject::Resource("toy_thing")).entered();
            let _inner = tracing::debug_span!("attempt", attempt = 2, tf_rpc = "inner").entered();
            tracing::warn!(attempt = 3, "again");
        });
        assert_eq!(line["tf_rpc"], "inner", "the inner span wins");
        assert_eq!(line["attempt"], 3, "and the event over it");
        assert_eq!(line["tf_resource_type"], "toy_thing");
        assert_eq!(
            line["tf_provider_addr"],
            "registry.terraform.io/example/toy"
        );
        assert_eq!(line["tf_proto_version"], "6.11");
        let id = line["tf_req_id"].as_str().expect("is text");
        uuid::Uuid::parse_str(id).expect("is a UUID");

        let without = one(|| {
            let _rpc = rpc_span("GetProviderSchema", Subject::Provider).entered();
            rpc_received();
        });
        assert!(!without.contains_key("tf_resource_type"));
        assert_ne!(without["tf_req_id"], id);
        assert!(!one(|| tracing::info!("elsewhere")).contains_key("tf_provider_addr"));
    }

    #[test]
    fn spans_follow_tasks() {
        let lines = lines(LevelFilter::TRACE, || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .build()
                .expect("is built");
            runtime.block_on(async {
                let call = async {
                    tokio::task::yield_now().await;
                    let task =
                        tokio::spawn(async { tracing::info!("in a task") }.in_current_span());
                    task.await.expect("does not panic");
                    tracing::info!("after it");
                };
                let calls = tokio::spawn(
                    call.instrument(rpc_span("PlanResourceChange", Subject::Provider)),
                );
                calls.await.expect("does not panic");
                tracing::info!("outside");
            });
        });
        let rpcs: Vec<_> = lines
            .iter()
            .map(|line| line.get("tf_rpc").and_then(Value::as_str))
            .collect();
        assert_eq!(
            rpcs,
            [Some("PlanResourceChange"), Some("PlanResourceChange"), None]
        );
        assert_eq!(lines[0]["tf_req_id"], lines[1]["tf_req_id"]);
    }

    #[test]
    fn responses_and_diagnostics_are_logged() {
        let line = one(|| rpc_served(Duration::from_micros(1234), 1, 2));
        assert_eq!(line["tf_req_duration_ms"], 1);
        assert_eq!(
            (
                &line["diagnostic_error_count"],
                &line["diagnostic_warning_count"]
            ),
            (&1.into(), &2.into())
        );
        let diagnostic_of = |severity: Severity, attribute| wire::Diagnostic {
            severity: severity.into(),
            summary: "sum".to_owned(),
            detail: "det".to_owned(),
            attribute,
        };
        let path = AttributePath::attribute("things")
            .then_key("a")
            .then_index(0)
            .then_attribute("id");
        let line = one(|| diagnostic(&diagnostic_of(Severity::Error, Some(path_to_wire(&path)))));
        assert_eq!(
            (&line["@level"], &line["diagnostic_severity"]),
            (&"error".into(), &"ERROR".into())
        );
        assert_eq!(
            (&line["diagnostic_summary"], &line["diagnostic_detail"]),
            (&"sum".into(), &"det".into())
        );
        assert_eq!(line["diagnostic_attribute"], "things[\"a\"][0].id");
        let line = one(|| diagnostic(&diagnostic_of(Severity::Warning, None)));
        assert_eq!(
            (&line["@level"], &line["diagnostic_severity"]),
            (&"warn".into(), &"WARNING".into())
        );
        assert!(!line.contains_key("diagnostic_attribute"));
    }

    #[test]
    fn members_of_an_object_become_keys() {
        let line = one(|| {
            let object = r#"{"id":"7\u001b[1A","role.arn":"r","n":1}"#;
            let _object = tracing::error_span!("object", object).entered();
            tracing::info!(id = "other", "m");
        });
        assert_eq!(line["object.id"], "7\\u{1b}[1A");
        assert_eq!(line["object.role.arn"], "r");
        assert_eq!(line["object.n"], "1");
        assert_eq!(line["id"], "other");
        assert!(!line.contains_key("object"));
        assert_eq!(
            one(|| tracing::info!(object = "a thing"))["object"],
            "a thing"
        );
    }

    #[test]
    fn texts_are_safe_to_print() {
        let outside = "a\u{1b}[31m\u{9b}\u{202e}\rb\n\tc";
        let printed = "a\\u{1b}[31m\\u{9b}\\u{202e}\\rb\n\tc";
        let line = one(|| {
            let _span = tracing::error_span!("s", span = outside).entered();
            tracing::info!(text = outside, shown = %outside, "{outside}");
        });
        for key in ["span", "text", "shown", "@message"] {
            assert_eq!(line[key], printed, "{key}");
        }
        let debug = &one(|| tracing::info!(v = ?outside))["v"];
        assert!(!debug.as_str().expect("is text").contains(char::is_control));
    }

    /// An event of another crate, which calls itself one of ours.
    struct Foreign;

    static FOREIGN: Metadata<'static> = Metadata::new(
        "foreign",
        "terraform_provider_alicloud::plugin",
        Level::ERROR,
        None,
        None,
        Some("h2::codec"),
        FieldSet::new(&["message"], Identifier(&Foreign)),
        Kind::EVENT,
    );

    impl Callsite for Foreign {
        fn set_interest(&self, _: Interest) {}

        fn metadata(&self) -> &Metadata<'_> {
            &FOREIGN
        }
    }

    fn foreign_event() {
        if tracing::dispatcher::get_default(|dispatch| dispatch.enabled(&FOREIGN)) {
            let message = FOREIGN.fields().field("message").expect("is there");
            let values = [(&message, Some(&"foreign" as &dyn tracing::Value))];
            Event::dispatch(&FOREIGN, &FOREIGN.fields().value_set(&values));
        }
    }

    #[test]
    fn own_events_of_the_level_pass_whatever_their_target() {
        let messages = |verbosity| -> Vec<_> {
            lines(verbosity, || {
                tracing::error!("e");
                tracing::warn!("w");
                tracing::debug!("d");
                tracing::trace!("t");
                tracing::error!(target: "elsewhere", "own");
                foreign_event();
            })
            .into_iter()
            .map(|line| line["@message"].as_str().unwrap_or_default().to_owned())
            .collect()
        };
        assert_eq!(messages(LevelFilter::OFF), [""; 0]);
        assert_eq!(messages(LevelFilter::ERROR), ["e", "own"]);
        assert_eq!(messages(LevelFilter::DEBUG), ["e", "w", "d", "own"]);
        assert_eq!(messages(LevelFilter::TRACE), ["e", "w", "d", "t", "own"]);
    }

    #[test]
    fn nothing_is_computed_for_a_line_that_nobody_sees() {
        lines(
            LevelFilter::WARN,
            || tracing::debug!(v = %{ panic!("is evaluated"); #[expect(unreachable_code)] "" }, "x"),
        );
    }

    #[test]
    fn long_lines_are_cut_and_stay_json() {
        let long = "é\n".repeat(MAX_LINE);
        let line = one(|| tracing::info!(a = long, b = "short", c = long, "m"));
        assert_eq!(
            (&line["b"], &line["@message"]),
            (&"short".into(), &"m".into())
        );
        assert!(line["a"].as_str().expect("is text").ends_with("... (cut)"));
        let line = one(|| tracing::info!("{long}"));
        assert!(
            line["@message"]
                .as_str()
                .expect("is text")
                .starts_with("é\n")
        );

        let many: Map<_, _> = (0..10_000)
            .map(|i| (format!("key{i}"), Value::from("a value")))
            .collect();
        let mut many = many;
        many.insert("@message".to_owned(), "m".into());
        let line = parse(Output::Line(fit(many)));
        assert_eq!(line.keys().collect::<Vec<_>>(), ["@message"]);
    }

    #[test]
    fn lost_lines_are_counted() {
        let (layer, written) = layer(LevelFilter::TRACE, 1);
        tracing::subscriber::with_default(Registry::default().with(layer), || {
            for _ in 0..4 {
                tracing::info!("x");
            }
            assert!(
                !parse(written.try_recv().expect("one got through")).contains_key("log_lines_lost")
            );
            tracing::info!("y");
            assert_eq!(
                parse(written.try_recv().expect("is through"))["log_lines_lost"],
                3
            );
            tracing::info!("z");
            assert!(!parse(written.try_recv().expect("is through")).contains_key("log_lines_lost"));
        });
    }

    #[test]
    fn broken_stderr_does_not_end_the_writer() {
        struct Broken;
        impl io::Write for Broken {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        let (lines, written) = sync_channel(10);
        let (done, is_done) = sync_channel(1);
        lines
            .send(Output::Line("x\n".to_owned()))
            .expect("is taken");
        lines.send(Output::Flush(done)).expect("is taken");
        drop(lines);
        write_lines(&written, Broken);
        is_done.try_recv().expect("was reached");
    }

    #[test]
    fn levels() {
        let check = |own: Option<&str>, provider: Option<&str>, all: Option<&str>, expected| {
            let verbosity = Verbosity::from_variables(
                own.map(OsStr::new),
                provider.map(OsStr::new),
                all.map(OsStr::new),
            );
            assert_eq!(
                verbosity,
                Verbosity(expected),
                "{own:?} {provider:?} {all:?}"
            );
        };
        check(None, None, None, LevelFilter::OFF);
        check(Some("TRACE"), None, None, LevelFilter::OFF);
        check(None, None, Some("debug"), LevelFilter::DEBUG);
        check(None, None, Some("Info"), LevelFilter::INFO);
        check(None, None, Some("JSON"), LevelFilter::TRACE);
        check(None, None, Some("nonsense"), LevelFilter::TRACE);
        check(None, Some("warn"), Some("trace"), LevelFilter::WARN);
        check(None, Some(""), Some("error"), LevelFilter::ERROR);
        check(None, Some("off"), Some("trace"), LevelFilter::OFF);
        check(Some("warn"), None, Some("trace"), LevelFilter::WARN);
        check(Some("trace"), None, Some("error"), LevelFilter::ERROR);
        check(Some("off"), Some("trace"), Some("trace"), LevelFilter::OFF);
        check(Some(""), None, Some("trace"), LevelFilter::TRACE);
    }

    #[test]
    fn lines_of_foreign_crates_are_left_out() {
        let check = |target: &str, expected: bool| {
            assert_eq!(is_own(target, &["toy_client"]), expected, "{target}");
        };
        check(&format!("{}::anything", own_crate()), true);
        check("framework::plan", true);
        check("toy_client", true);
        check("toy_client::http", true);
        check("toy_clients", false);
        check("h2::codec", false);
        check("", false);
    }

    #[test]
    fn modules() {
        let check = |target: &str, expected| assert_eq!(module(target), expected, "{target}");
        let own = own_crate();
        check(&format!("{own}::plugin::serve"), "sdk.proto");
        check(&format!("{own}::things"), "provider");
        check(own, "provider");
        check("framework::plan", "sdk.framework");
        check("toy_client::http", "provider");
    }
}
