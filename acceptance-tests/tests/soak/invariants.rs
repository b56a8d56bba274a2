//! The invariants of a worker: where each space is, and what is wrong after a command.
//!
//! Must not contain: the running of a command.

use std::collections::{BTreeMap, BTreeSet};

use acceptance_tests::{emulator::Space, terraform::Output};
use serde::Deserialize;
use serde_json::{Map, Value};

/// What was wrong, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Wrong {
    Lost,
    Doubled,
    Leaked,
    Diagnostic,
}

/// What was wrong, and why.
pub(crate) type Defects = Vec<(Wrong, String)>;

/// A diagnostic of a command.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    error: bool,
    pub(crate) summary: String,
    /// Summary and detail, one line.
    pub(crate) text: String,
}

impl Message {
    /// Whether it says that a space in state may be gone.
    pub(crate) fn reports_missing(&self, space: &str) -> bool {
        self.summary == "The service does not show the binding yet" && self.text.contains(space)
    }
}

/// The messages of a command, whether it ran with `-json` or not.
pub(crate) fn messages(output: &Output) -> Vec<Message> {
    let json: Vec<Message> = output
        .diagnostics()
        .iter()
        .map(|diagnostic| Message {
            error: diagnostic.is_error(),
            summary: diagnostic.summary.clone(),
            text: diagnostic.text(),
        })
        .collect();
    if !json.is_empty() {
        return json;
    }
    let mut all: Vec<Message> = Vec::new();
    for line in format!("{}\n{}", output.stdout, output.stderr).lines() {
        let line = line.trim_start_matches(['│', '╷', '╵']).trim();
        let summary = line.strip_prefix("Error: ");
        match summary.or_else(|| line.strip_prefix("Warning: ")) {
            Some(begun) => all.push(Message {
                error: summary.is_some(),
                summary: begun.to_owned(),
                text: begun.to_owned(),
            }),
            None => {
                if let Some(last) = all.last_mut() {
                    last.text.push(' ');
                    last.text.push_str(line);
                }
            }
        }
    }
    all
}

/// An object in state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Stored {
    pub(crate) address: String,
    pub(crate) id: String,
    pub(crate) waba_id: String,
    pub(crate) prevent: bool,
    pub(crate) isv_code: bool,
}

/// Reads a state file (format 4).
pub(crate) fn stored(text: &str) -> serde_json::Result<Vec<Stored>> {
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        resources: Vec<Resource>,
    }
    #[derive(Deserialize)]
    struct Resource {
        r#type: String,
        name: String,
        instances: Vec<Instance>,
    }
    #[derive(Deserialize)]
    struct Instance {
        attributes: Map<String, Value>,
    }
    if text.is_empty() {
        // The CLI was killed between making the file and writing it; it takes such a file for no state, too.
        return Ok(Vec::new());
    }
    let file: File = serde_json::from_str(text)?;
    let objects = file.resources.into_iter().flat_map(|resource| {
        let address = format!("{}.{}", resource.r#type, resource.name);
        resource.instances.into_iter().map(move |instance| {
            let text = |name: &str| {
                let value = instance.attributes.get(name).and_then(Value::as_str);
                value.unwrap_or_default().to_owned()
            };
            Stored {
                address: address.clone(),
                id: text("cust_space_id"),
                waba_id: text("waba_id"),
                prevent: text("deletion_policy") == "PREVENT",
                isv_code: !text("isv_code").is_empty(),
            }
        })
    });
    Ok(objects.collect())
}

/// Where a space that holds a WABA belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// Made at the console; Terraform has never known it.
    Console,
    InState,
    /// Taken out of state with a warning.
    Abandoned,
    /// A message of the command that made it names it.
    Named,
    /// Made by a command whose response nobody received.
    Unheard,
    /// As above, and the service has made another space since, so that nothing leads to this one.
    Unavoidable,
}

/// How a command went, as far as it matters.
pub(crate) struct Command<'a> {
    pub(crate) output: &'a Output,
    /// Whether it was ended so that responses of the provider were lost.
    pub(crate) hard: bool,
    /// Whether any signal was sent.
    pub(crate) signalled: bool,
}

/// Where the spaces of a worker are.
#[derive(Default)]
pub(crate) struct Invariants {
    fates: BTreeMap<String, Fate>,
    /// Where each space was in state.
    addresses: BTreeMap<String, String>,
    /// WABAs that a message said are, or may be, in two spaces.
    said_doubled: BTreeSet<String>,
    /// WABAs of which a message said that it is not known whether they are bound.
    pub(crate) unknown: BTreeSet<String>,
    pub(crate) bindings: usize,
    pub(crate) named: usize,
    pub(crate) unheard: usize,
    pub(crate) unavoidable: usize,
    pub(crate) reported_doubles: BTreeSet<String>,
    pub(crate) again: BTreeSet<String>,
}

/// Summaries with which a binding is taken out of state.
const ABANDONING: [&str; 3] = [
    "Destroying leaves WABA bindings in the cloud",
    "Destroyed WABA bindings stay in the cloud",
    "Replacing leaves the old object in the cloud",
];

const UNKNOWN: &str = "It is unknown whether WABA";
const MAY_HAVE_MADE_ANOTHER: &str = "for a second channel with this WABA";
/// How the summary of a bind without a complete search before it begins.
const NOT_CHECKED: &str = "It was not checked whether WABA";

/// Summaries of the errors that a valid configuration can get.
const OURS: [&str; 7] = [
    "Cannot bind WABA",
    UNKNOWN,
    "Cannot read the binding",
    "was bound instead of",
    "is protected by deletion_policy",
    "Nothing to import",
    "Unable to import the object",
];

/// What the CLI itself says of a run that was interrupted.
const OF_THE_CLI: [&str; 4] = [
    "execution halted",
    "operation canceled",
    "Operation canceled",
    "Two interrupts received",
];

/// What the CLI says of a provider that the signal ended before it listened to signals. Nothing was sent then.
const ENDED_AT_ITS_START: &str = "Failed to read any lines from plugin's stdout";

/// How sentences begin that say what to do next.
const NEXT_STEPS: [&str; 22] = [
    "Check ",
    "check ",
    "Try again",
    "try again",
    "Raise ",
    "raise ",
    "un the command again",
    "apply again",
    "Attach ",
    "grant ",
    "et new temporary credentials",
    "Activate ",
    "Set ",
    "bypass",
    "give the request ID",
    "Look it up",
    "Look ",
    "Correct ",
    "report this",
    "first apply",
    "Keep ",
    "looks for credentials in the provider block",
];

impl Invariants {
    pub(crate) fn made_at_the_console(&mut self, space: &str) {
        self.fates.insert(space.to_owned(), Fate::Console);
    }

    /// The spaces that a message asks to import if they exist, with their WABAs.
    pub(crate) fn to_be_settled(&self, truth: &[Space]) -> Vec<(String, String)> {
        let there = truth.iter().filter_map(|space| {
            let waba_id = space.waba_id.as_ref()?;
            let named = self.fates.get(&space.cust_space_id) == Some(&Fate::Named);
            (named && self.unknown.contains(waba_id))
                .then(|| (waba_id.clone(), space.cust_space_id.clone()))
        });
        there.collect()
    }

    /// After an apply without faults that followed a hard end: a space without a response is in state now, or the service
    /// has made another space.
    pub(crate) fn heard(&mut self, truth: &[Space], stored: &[Stored], one_space: bool) -> Defects {
        let mut defects = Defects::new();
        for space in truth {
            let id = &space.cust_space_id;
            let Some(fate) = self.fates.get_mut(id) else {
                continue;
            };
            if *fate != Fate::Unheard {
                continue;
            }
            let waba_id = space.waba_id.clone().unwrap_or_default();
            let wished = stored.iter().any(|object| object.waba_id == waba_id);
            if wished && one_space {
                let defect = format!("{id} with WABA {waba_id} is not in state after a hard end");
                defects.push((Wrong::Lost, defect));
            }
            *fate = Fate::Unavoidable;
            self.unavoidable += 1;
        }
        defects
    }

    /// Judges what a command, or what happened in between (`None`), has left.
    pub(crate) fn judge(
        &mut self,
        command: Option<&Command<'_>>,
        truth: &[Space],
        stored: &[Stored],
    ) -> Defects {
        let mut defects = Defects::new();
        let said = command.map_or_else(Vec::new, |command| messages(command.output));
        if let Some(command) = command {
            diagnostics(command, &said, &mut defects);
        }
        for message in &said {
            let wabas = || truth.iter().filter_map(|space| space.waba_id.clone());
            let concerned = wabas().filter(|waba_id| message.text.contains(waba_id.as_str()));
            if message.summary.starts_with(NOT_CHECKED) {
                self.said_doubled.extend(concerned);
            } else if message.text.contains(UNKNOWN) {
                self.unknown.extend(concerned);
                let both = ["terraform import", "terraform apply"];
                if !both.iter().all(|part| message.text.contains(part)) {
                    let defect =
                        format!("an unknown outcome without its commands: {}", message.text);
                    defects.push((Wrong::Diagnostic, defect));
                }
            }
        }
        let in_state: BTreeSet<&str> = stored.iter().map(|object| object.id.as_str()).collect();
        if in_state.len() < stored.len() {
            let defect = format!("one space is in state twice: {stored:?}");
            defects.push((Wrong::Doubled, defect));
        }
        let addresses = stored.iter();
        self.addresses
            .extend(addresses.map(|object| (object.id.clone(), object.address.clone())));
        // Where the WABA was in a space before, a bind without a response may have made another one, unseen or later.
        let known: BTreeSet<String> = self.fates.keys().cloned().collect();
        for space in truth {
            let same_waba = |other: &&Space| other.waba_id == space.waba_id;
            let mut others = truth.iter().filter(same_waba);
            let bound_before = others.any(|other| known.contains(&other.cust_space_id));
            let warned = said.iter().find(|message| {
                let concerned = space.waba_id.as_ref();
                bound_before
                    && message.text.contains(MAY_HAVE_MADE_ANOTHER)
                    && concerned.is_some_and(|waba_id| message.text.contains(waba_id.as_str()))
            });
            if warned.is_some() {
                self.said_doubled.extend(space.waba_id.clone());
            }
            self.space(
                command,
                &said,
                space,
                &in_state,
                warned.is_some(),
                &mut defects,
            );
        }
        self.doubles(truth, &mut defects);
        defects
    }

    fn space(
        &mut self,
        command: Option<&Command<'_>>,
        said: &[Message],
        space: &Space,
        in_state: &BTreeSet<&str>,
        warned: bool,
        defects: &mut Defects,
    ) {
        let id = space.cust_space_id.as_str();
        let Some(waba_id) = space.waba_id.as_deref() else {
            return;
        };
        let before = self.fates.get(id).copied();
        if before.is_none() && space.made_by_bind {
            self.bindings += 1;
        }
        let hard = command.is_some_and(|command| command.hard);
        // Terraform shows which objects go; the provider says once for all of them what that means.
        let shown_to_go = |command: &Command<'_>| {
            let address = self.addresses.get(id);
            command.output.messages().iter().any(|message| {
                let change = match message["type"].as_str() {
                    Some("planned_change") => &message["change"],
                    Some("apply_start") => &message["hook"],
                    _ => return false,
                };
                address.is_some_and(|address| change["resource"]["addr"] == address.as_str())
                    && ["delete", "replace"]
                        .iter()
                        .any(|action| change["action"] == *action)
            })
        };
        let abandoned = || {
            let warned = |message: &Message| ABANDONING.contains(&message.summary.as_str());
            let of_all = said.iter().any(warned) && command.is_some_and(shown_to_go);
            of_all
                || said
                    .iter()
                    .any(|message| warned(message) && message.text.contains(id))
        };
        // The CLI prints the warnings of a plan after its apply. One that was killed has shown what it planned, and no more.
        let planned_to_go = || {
            command
                .filter(|command| command.hard)
                .is_some_and(shown_to_go)
        };
        let named = || {
            said.iter().any(|message| {
                let by_waba = message.text.contains(waba_id)
                    && (message.text.contains(UNKNOWN) || message.summary.starts_with(NOT_CHECKED));
                message.text.contains(id) || by_waba
            })
        };
        let fate = match before {
            _ if in_state.contains(id) => Fate::InState,
            Some(Fate::InState) if abandoned() || planned_to_go() => Fate::Abandoned,
            Some(Fate::InState) => {
                let defect = format!("{id} with WABA {waba_id} left the state without a warning");
                defects.push((Wrong::Lost, defect));
                Fate::Abandoned
            }
            Some(fate) => fate,
            None if named() || warned => {
                self.named += 1;
                Fate::Named
            }
            None if hard => {
                self.unheard += 1;
                Fate::Unheard
            }
            None => {
                let defect =
                    format!("{id} was made with WABA {waba_id}, and is in no state and no message");
                defects.push((Wrong::Lost, defect));
                Fate::Named
            }
        };
        self.fates.insert(id.to_owned(), fate);
    }

    fn doubles(&mut self, truth: &[Space], defects: &mut Defects) {
        let mut by_waba: BTreeMap<&str, Vec<(&str, Fate)>> = BTreeMap::new();
        for space in truth {
            let id = space.cust_space_id.as_str();
            if let (Some(waba_id), Some(fate)) = (space.waba_id.as_deref(), self.fates.get(id)) {
                by_waba.entry(waba_id).or_default().push((id, *fate));
            }
        }
        for (waba_id, spaces) in by_waba {
            if spaces.len() < 2 {
                continue;
            }
            let of = |wanted: &[Fate]| {
                let fates = spaces.iter().map(|(_, fate)| fate);
                fates.filter(|fate| wanted.contains(fate)).count()
            };
            let live = spaces.len() - of(&[Fate::Console, Fate::Abandoned]);
            if live < 2 {
                self.again.insert(waba_id.to_owned());
            } else if self.said_doubled.contains(waba_id) || of(&[Fate::InState]) == 0 {
                // Without one in state every one of them is named, and the practitioner is sent to look.
                self.reported_doubles.insert(waba_id.to_owned());
            } else if of(&[Fate::Unheard, Fate::Unavoidable]) == 0 {
                let defect = format!("WABA {waba_id} is in {spaces:?}, and no message says so");
                defects.push((Wrong::Doubled, defect));
            }
        }
    }
}

/// Whether the command said what it had to say.
fn diagnostics(command: &Command<'_>, said: &[Message], defects: &mut Defects) {
    let Command {
        output,
        hard,
        signalled,
    } = *command;
    let mut wrong = |defect: String| defects.push((Wrong::Diagnostic, defect));
    let text = output.text();
    let mut marks = vec!["panicked at", "Bug in the provider", "Stack trace from"];
    if !hard {
        marks.push("lugin did not respond");
        marks.push("rpc error");
    }
    for mark in marks {
        if text.contains(mark) {
            wrong(format!("\"{mark}\" is in the output"));
        }
    }
    if hard {
        return;
    }
    let errors: Vec<&Message> = said.iter().filter(|message| message.error).collect();
    if matches!(output.code, Some(0 | 2)) {
        if let Some(error) = errors.first() {
            wrong(format!(
                "an error of a command that went well: {}",
                error.text
            ));
        }
        return;
    }
    if errors.is_empty() {
        wrong("the command failed without an error".to_owned());
    }
    for error in errors {
        let summary = error.summary.as_str();
        if signalled && (OF_THE_CLI.contains(&summary) || error.text.contains(ENDED_AT_ITS_START)) {
            continue;
        }
        if !OURS.iter().any(|ours| summary.contains(ours)) {
            wrong(format!("an error that is none of ours: {}", error.text));
        } else if !NEXT_STEPS.iter().any(|step| error.text.contains(step)) {
            wrong(format!("an error without a next step: {}", error.text));
        }
    }
}
