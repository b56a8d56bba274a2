//! How the emulated cloud behaves: a switch for each thing that nobody knows about the real service, and the settings of
//! the emulator.
//!
//! The defaults are the strict or the likeliest reading. What a switch does is described where it is defined, beside the
//! code that reads it. All of them travel as one JSON object of objects, under the names of the fields.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::cams::{
    AutomationBehavior, BusinessProfileBehavior, CommerceBehavior, HealthBehavior,
    InstanceBehavior, MessageLinkBehavior, NumberSettingBehavior, PhoneNumberBehavior,
    ServiceBehavior, SpaceBehavior, TemplateBehavior, WabaBehavior,
};
use super::gateway::GatewayBehavior;
use super::response::ResponseBehavior;
use super::sts::StsBehavior;

/// Every switch with its present position, sorted by what it is about.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Behavior {
    /// Prompts and commands of numbers.
    pub automation: AutomationBehavior,
    /// Commerce settings of numbers.
    pub commerce: CommerceBehavior,
    /// What every request passes.
    pub gateway: GatewayBehavior,
    /// Health as Meta reports it.
    pub health: HealthBehavior,
    /// Instances and their list.
    pub instance: InstanceBehavior,
    /// Message links of numbers.
    pub message_link: MessageLinkBehavior,
    /// What all settings of numbers have in common.
    pub number_setting: NumberSettingBehavior,
    /// Phone numbers and their webhooks.
    pub phone_number: PhoneNumberBehavior,
    /// Business profiles of numbers.
    pub profile: BusinessProfileBehavior,
    /// What the product's responses have in common.
    pub response: ResponseBehavior,
    /// The activation of the service.
    pub service: ServiceBehavior,
    /// Which space is meant, and what new ones are like.
    pub space: SpaceBehavior,
    /// Temporary credentials.
    pub sts: StsBehavior,
    /// Message templates and their review.
    pub template: TemplateBehavior,
    /// Binding a WABA, and reading what is bound.
    pub waba: WabaBehavior,
}

impl Behavior {
    /// The same with the named switches in new positions; all or nothing.
    ///
    /// An error is a sentence that names the switch and lists what would have been valid.
    pub(super) fn with(&self, changes: &Map<String, Value>) -> Result<Behavior, String> {
        let mut behavior = self.clone();
        for (group, switches) in changes {
            let Some(switches) = switches.as_object() else {
                return Err(format!(
                    "\"{group}\" is not an object such as {{\"waba\": {{\"bind_again\": \"same_space\"}}}}"
                ));
            };
            for (name, position) in switches {
                let mut all = behavior.to_object();
                let Some(known) = all.get_mut(group).and_then(|group| group.get_mut(name)) else {
                    return Err(format!(
                        "there is no switch \"{group}.{name}\"; the switches are {}",
                        behavior.names().join(", ")
                    ));
                };
                *known = position.clone();
                behavior = serde_json::from_value(Value::Object(all)).map_err(|error| {
                    format!("the switch \"{group}.{name}\" cannot be {position}: {error}")
                })?;
            }
        }
        Ok(behavior)
    }

    /// Name and position of every switch, by group.
    pub(super) fn to_object(&self) -> Map<String, Value> {
        match serde_json::to_value(self) {
            Ok(Value::Object(map)) => map,
            // A struct of structs of plain fields always serializes, and to an object.
            _ => Map::new(),
        }
    }

    /// The switches that differ from their defaults: `GROUP.NAME` and the position.
    pub fn differences(&self) -> Vec<(String, Value)> {
        let usual = Behavior::default().positions();
        let positions = self.positions().into_iter().zip(usual);
        positions
            .filter(|(now, usual)| now != usual)
            .map(|(now, _)| now)
            .collect()
    }

    fn names(&self) -> Vec<String> {
        self.positions().into_iter().map(|(name, _)| name).collect()
    }

    fn positions(&self) -> Vec<(String, Value)> {
        let mut positions = Vec::new();
        for (group, switches) in self.to_object() {
            for (name, position) in switches.as_object().into_iter().flatten() {
                positions.push((format!("{group}.{name}"), position.clone()));
            }
        }
        positions
    }
}

#[cfg(test)]
mod tests {
    use super::super::{BindAgain, NothingBound, RamDenial};
    use super::*;
    use serde_json::json;

    fn check(changes: Value) -> Result<Behavior, String> {
        Behavior::default().with(changes.as_object().expect("an object"))
    }

    #[test]
    fn switches_change_by_name() {
        let behavior = check(json!({
            "waba": {"bind_again": {"error": "X.Already"}, "nothing_bound": "data_missing"},
            "gateway": {"cams_calls_per_second": null, "clock_offset_seconds": -3600},
        }))
        .expect("valid");
        assert_eq!(
            behavior.waba.bind_again,
            BindAgain::Error("X.Already".to_owned())
        );
        assert_eq!(behavior.waba.nothing_bound, NothingBound::DataMissing);
        assert_eq!(behavior.gateway.cams_calls_per_second, None);
        assert_eq!(behavior.gateway.clock_offset_seconds, -3600);
        assert_eq!(behavior.gateway.ram_denial, RamDenial::GatewayNoPermission);
    }

    #[test]
    fn unknown_switches_are_refused_with_the_valid_ones() {
        let error = check(json!({"waba": {"bind_agian": 1}})).expect_err("misspelt");
        assert!(error.contains("no switch \"waba.bind_agian\""), "{error}");
        assert!(
            error.contains("waba.bind_again, waba.bind_foreign"),
            "{error}"
        );
        let error =
            check(json!({"waba": {"nothing_bound": "data"}})).expect_err("no such position");
        assert!(error.contains("\"waba.nothing_bound\""), "{error}");
        assert!(error.contains("`data_null`"), "{error}");
        assert!(error.contains("`data_without_id`"), "{error}");
        let error = check(json!({"waba": {"lag_queries": "two"}})).expect_err("no number");
        assert!(error.contains("waba.lag_queries"), "{error}");
        let error = check(json!({"lag_queries": 2})).expect_err("no group");
        assert!(
            error.contains("\"lag_queries\" is not an object"),
            "{error}"
        );
        let error = check(json!({"wabas": {"lag_queries": 2}})).expect_err("no such group");
        assert!(error.contains("no switch \"wabas.lag_queries\""), "{error}");
    }

    #[test]
    fn every_switch_survives_json() {
        let all = Value::Object(Behavior::default().to_object());
        let again: Behavior = serde_json::from_value(all.clone()).expect("the same shape");
        assert_eq!(again, Behavior::default());
        let names = Behavior::default().names();
        assert!(names.contains(&"phone_number.webhook_empty".to_owned()));
    }
}
