//! States and plans in the CLI's JSON representation (`show -json`), as far as tests look at them.
//!
//! Shapes: Terraform's page on the JSON output format. Must not contain: how they are obtained.

use serde::Deserialize;
use serde_json::{Map, Value};

/// A state.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// The resources of all modules, the root module's first.
    pub resources: Vec<StateResource>,
    /// The values of the root module's outputs.
    pub outputs: Map<String, Value>,
}

/// An object in state.
#[derive(Clone, Debug, Deserialize, PartialEq)]
pub struct StateResource {
    /// For example `alicloud_cams_waba_binding.a["x"]`.
    pub address: String,
    /// The source address of its provider.
    pub provider_name: String,
    /// The attributes.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// Whether it is marked for replacement.
    #[serde(default)]
    pub tainted: bool,
}

impl StateResource {
    /// An attribute's text; empty if it is null or not text.
    #[must_use]
    pub fn text(&self, attribute: &str) -> &str {
        self.values
            .get(attribute)
            .and_then(Value::as_str)
            .unwrap_or_default()
    }
}

impl State {
    /// The object at an address.
    #[must_use]
    pub fn resource(&self, address: &str) -> Option<&StateResource> {
        self.resources
            .iter()
            .find(|resource| resource.address == address)
    }

    pub(super) fn parse(text: &str) -> serde_json::Result<Self> {
        #[derive(Default, Deserialize)]
        struct Document {
            values: Option<Values>,
        }
        #[derive(Default, Deserialize)]
        struct Values {
            #[serde(default)]
            root_module: Module,
            #[serde(default)]
            outputs: Map<String, Value>,
        }
        #[derive(Default, Deserialize)]
        struct Module {
            #[serde(default)]
            resources: Vec<StateResource>,
            #[serde(default)]
            child_modules: Vec<Module>,
        }
        impl Module {
            fn all(self) -> Vec<StateResource> {
                let mut all = self.resources;
                all.extend(self.child_modules.into_iter().flat_map(Module::all));
                all
            }
        }
        let values = serde_json::from_str::<Document>(text)?
            .values
            .unwrap_or_default();
        let outputs = values.outputs.into_iter();
        Ok(Self {
            resources: values.root_module.all(),
            outputs: outputs
                .map(|(name, output)| (name, output["value"].clone()))
                .collect(),
        })
    }
}

/// A plan.
#[derive(Clone, Debug, Deserialize)]
pub struct Plan {
    /// What happens to each object, also if that is nothing.
    #[serde(default)]
    pub resource_changes: Vec<ResourceChange>,
    /// What changed outside of Terraform.
    #[serde(default)]
    pub resource_drift: Vec<ResourceChange>,
}

/// What happens to one object.
#[derive(Clone, Debug, Deserialize)]
pub struct ResourceChange {
    /// For example `alicloud_cams_waba_binding.a["x"]`.
    pub address: String,
    /// Before and after.
    pub change: Change,
    /// Why, in the CLI's words, for example `replace_because_cannot_update`.
    #[serde(default)]
    pub action_reason: Option<String>,
}

/// Before and after.
#[derive(Clone, Debug, Deserialize)]
pub struct Change {
    /// `["no-op"]`, `["create"]`, `["update"]`, `["delete", "create"]`, …
    pub actions: Vec<String>,
    /// The object now; null if there is none.
    #[serde(default)]
    pub before: Value,
    /// The object afterwards as far as it is known; null if there is none.
    #[serde(default)]
    pub after: Value,
    /// `true` in the place of each value that is known only after apply.
    #[serde(default)]
    pub after_unknown: Value,
    /// Paths that make a replacement necessary.
    #[serde(default)]
    pub replace_paths: Vec<Value>,
    /// Set if the object is imported.
    #[serde(default)]
    pub importing: Option<Value>,
}

impl Plan {
    /// What happens to the object at an address.
    #[must_use]
    pub fn change(&self, address: &str) -> Option<&ResourceChange> {
        self.resource_changes
            .iter()
            .find(|change| change.address == address)
    }
}

impl Change {
    /// Whether the actions are these.
    #[must_use]
    pub fn is(&self, actions: &[&str]) -> bool {
        self.actions == actions
    }

    /// The attributes that are known only after apply, in alphabetical order.
    #[must_use]
    pub fn unknown(&self) -> Vec<&str> {
        let unknown = self.after_unknown.as_object().into_iter().flatten();
        let mut names: Vec<&str> = unknown
            .filter(|(_, value)| **value == Value::Bool(true))
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        names
    }

    /// The attributes whose values differ between now and afterwards, in alphabetical order.
    #[must_use]
    pub fn changed(&self) -> Vec<&str> {
        let (Some(before), Some(after)) = (self.before.as_object(), self.after.as_object()) else {
            return Vec::new();
        };
        let mut names: Vec<&str> = after
            .iter()
            .filter(|(name, value)| before.get(*name) != Some(value))
            .map(|(name, _)| name.as_str())
            .collect();
        names.sort_unstable();
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_read() {
        let state = State::parse(
            r#"{"format_version":"1.0","values":{"outputs":{"o":{"sensitive":false,"value":[1]}},"root_module":{"resources":[
            {"address":"a.b","provider_name":"x/y/z","tainted":true,"values":{"id":"1","n":null}}],
            "child_modules":[{"resources":[{"address":"module.m.c.d","provider_name":"x/y/z"}]}]}}}"#,
        )
        .expect("a state");
        let resource = state.resource("a.b").expect("the resource");
        assert!(resource.tainted);
        assert_eq!(resource.text("id"), "1");
        assert_eq!(resource.text("n"), "");
        assert_eq!(resource.text("missing"), "");
        assert!(state.resource("module.m.c.d").is_some());
        assert_eq!(state.outputs["o"], serde_json::json!([1]));
    }

    #[test]
    fn no_state_is_an_empty_one() {
        let state = State::parse(r#"{"format_version":"1.0"}"#).expect("a state");
        assert!(state.resources.is_empty());
    }

    #[test]
    fn changes_name_what_changes() {
        let plan: Plan = serde_json::from_str(
            r#"{"resource_changes":[{"address":"a.b","action_reason":"replace_because_cannot_update","change":{
            "actions":["delete","create"],"before":{"w":"1","k":"same"},"after":{"w":"2","k":"same"},
            "after_unknown":{"id":true,"timeouts":{}},"replace_paths":[["w"]]}}]}"#,
        )
        .expect("a plan");
        let change = &plan.change("a.b").expect("the change").change;
        assert!(change.is(&["delete", "create"]));
        assert_eq!(change.unknown(), ["id"]);
        assert_eq!(change.changed(), ["w"]);
        assert!(plan.change("a.c").is_none());
    }
}
