//! Logs: tracing events become the JSON lines on stderr that Terraform filters by level and prints.
//!
//! Must not contain: what is logged. Only events of this crate are let through: the traces of HTTP libraries carry
//! credentials, and nobody has asked for them.
//!
//! The line format is that of `hashicorp/go-hclog`: one JSON object with `@level`, `@message`, `@timestamp` and `@module`,
//! and any other key as a field. Terraform takes a line with another timestamp layout for plain text, and crashes on an
//! `@message` that is no string; so both are made here and nowhere else.

use std::{
    ffi::OsStr,
    fmt::{self, Write as _},
    io,
    sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    thread,
    time::Duration,
};

use serde_json::{Map, Number, Value};
use time::{
    OffsetDateTime, UtcOffset, format_description::BorrowedFormatItem, macros::format_description,
};
use tracing::{
    Event, Level, Metadata, Span, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span::{Attributes, Id, Record},
    subscriber::Interest,
};
use tracing_subscriber::{
    Layer, Registry,
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
};

use super::About;

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

/// Lets events become lines on stderr from now on. Keep the answer, to give the last lines time to be written.
pub(super) fn install(about: &About, verbosity: Verbosity) -> Logs {
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
        address: about.address,
        verbosity: verbosity.0,
        clock: OffsetDateTime::now_utc,
        lines: lines.clone(),
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

/// A span around one RPC, for everything that is logged while it is served, with the keys of the Go SDK.
///
/// `rpc` is the name in the proto, such as `ReadResource`; `resource_type` is the type it concerns, if any. The request
/// ID is new for each call. Enter it with [`tracing::Instrument`], which keeps it across `await`; a spawned task
/// needs `.in_current_span()` or `.instrument(span)` of its own.
pub fn rpc_span(rpc: &'static str, resource_type: Option<&str>) -> Span {
    // At the error level, so that even the last level that can be asked for carries these keys.
    tracing::error_span!(
        "rpc",
        tf_rpc = rpc,
        tf_req_id = %uuid::Uuid::new_v4(),
        tf_resource_type = resource_type,
    )
}

/// Logs that the call of the current [`rpc_span`] begins.
pub fn rpc_received() {
    tracing::trace!("Received request");
}

/// Logs that the call of the current [`rpc_span`] is answered, after `duration`, with so many diagnostics.
pub fn rpc_served(duration: Duration, errors: usize, warnings: usize) {
    tracing::debug!(
        tf_req_duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
        diagnostic_error_count = errors,
        diagnostic_warning_count = warnings,
        "Served request"
    );
}

/// Logs an error diagnostic of an answer. `attribute` is its path, if it has one. Nothing in it may be secret.
pub fn error_diagnostic(summary: &str, detail: &str, attribute: Option<&str>) {
    tracing::error!(
        diagnostic_severity = "ERROR",
        diagnostic_summary = summary,
        diagnostic_detail = detail,
        diagnostic_attribute = attribute,
        "Response contains error diagnostic"
    );
}

/// Logs a warning diagnostic of an answer. `attribute` is its path, if it has one. Nothing in it may be secret.
pub fn warning_diagnostic(summary: &str, detail: &str, attribute: Option<&str>) {
    tracing::warn!(
        diagnostic_severity = "WARNING",
        diagnostic_summary = summary,
        diagnostic_detail = detail,
        diagnostic_attribute = attribute,
        "Response contains warning diagnostic"
    );
}

/// Lines that may wait for a slow reader; further ones are counted and dropped.
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
            // Who would be told? The process goes on without its log.
            Output::Line(line) => drop(stderr.write_all(line.as_bytes())),
            Output::Flush(done) => drop(done.try_send(())),
        }
    }
}

/// The layer that formats.
struct JsonLines {
    address: &'static str,
    verbosity: LevelFilter,
    clock: fn() -> OffsetDateTime,
    lines: SyncSender<Output>,
}

impl JsonLines {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.verbosity && is_own(metadata.target())
    }

    fn line<S>(&self, event: &Event<'_>, context: &Context<'_, S>) -> String
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
        let metadata = event.metadata();
        object.insert("@level".to_owned(), level_name(*metadata.level()).into());
        object.insert("@message".to_owned(), message.into());
        object.insert("@module".to_owned(), module(metadata.target()).into());
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
        let line = self.line(event, &context);
        match self.lines.try_send(Output::Line(line)) {
            // Full: the reader does not read. A log with gaps is better than a provider that stands still.
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

const PROTOCOL: &str = "6.11";

/// The name of this crate, as the first step of every target in it.
fn own_crate() -> &'static str {
    module_path!().split("::").next().unwrap_or_default()
}

fn is_own(target: &str) -> bool {
    target.split("::").next() == Some(own_crate())
}

/// The logger's name, after the convention of the Go SDK.
fn module(target: &str) -> &'static str {
    let rooms = target.strip_prefix(own_crate()).unwrap_or_default();
    if rooms.starts_with("::framework::protocol") {
        "sdk.proto"
    } else if rooms.starts_with("::framework") {
        "sdk.framework"
    } else {
        "provider"
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
        text.truncate(text.floor_char_boundary(limit));
        text.push_str(MARK);
    }
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
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message.clear();
            // Writing to a string fails only if `value` says so; what it wrote until then stands.
            let _ = write!(self.message, "{value:?}");
        } else {
            self.insert(field, format!("{value:?}").into());
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            value.clone_into(&mut self.message);
        } else {
            self.insert(field, value.into());
        }
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
