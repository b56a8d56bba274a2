//! A toy resource with an identity and two upgrades behind it.
//!
//! Must not contain: tests.
//!
//! Version 0 stored the room's number as text in `room`, version 1 as a number, version 2 calls it `number`. Its identity
//! was `name` in version 0 and is `door` now; a `house` may be known, too.

use async_trait::async_trait;
use serde_json::Value as Json;

use super::*;
use crate::{
    identity::{IdentityAttribute, IdentitySchema, IdentityType},
    resource::{MoveSource, SourceVersions},
};

pub(super) struct Room;

pub(super) fn room(door: Value, house: Value, guest: Value) -> Object {
    let mut object = Object::new();
    object.set("door", door);
    object.set("house", house);
    object.set("guest", guest);
    object.set("number", 7);
    object.set("bed", Value::List(Vec::new()));
    object
}

#[async_trait]
impl Resource for Room {
    type Client = String;

    fn type_name(&self) -> &'static str {
        "toy_room"
    }

    fn schema(&self) -> Schema {
        let bed = Block::new("").attribute(Attribute::optional("width", Type::Number));
        let block = Block::new("")
            .attribute(Attribute::computed("door", Type::String).use_state_for_unknown())
            .attribute(Attribute::computed("house", Type::String).use_state_for_unknown())
            .attribute(Attribute::optional("guest", Type::String))
            .attribute(Attribute::optional("number", Type::Number).requires_replace())
            .nested("bed", Nesting::List(Bounds::default()), bed);
        Schema::new(block)
            .upgraded_by(|mut attributes| {
                let number = match attributes.get("room") {
                    None | Some(Json::Null) => Json::Null,
                    Some(Json::String(text)) => text
                        .parse()
                        .map(Json::Number)
                        .map_err(|_| "`room` is not a number".to_owned())?,
                    Some(_) => return Err("`room` is not text".to_owned()),
                };
                assert!(number != 13, "there is no such room");
                attributes.insert("room".to_owned(), number);
                Ok(attributes)
            })
            .upgraded_by(|mut attributes| {
                if let Some(number) = attributes.remove("room") {
                    attributes.insert("number".to_owned(), number);
                }
                Ok(attributes)
            })
    }

    fn identity_schema(&self) -> Option<IdentitySchema> {
        let schema = IdentitySchema::new(vec![
            IdentityAttribute::required(
                "door",
                IdentityType::String,
                "What is written on the door.",
            ),
            IdentityAttribute::optional("house", IdentityType::String, "Where the door is."),
        ]);
        Some(schema.upgraded_by(|mut attributes| {
            let name = attributes.remove("name").ok_or("there is no `name`")?;
            attributes.insert("door".to_owned(), name);
            Ok(attributes)
        }))
    }

    /// `guest` decides what happens to the identity.
    async fn create(
        &self,
        _: &String,
        request: CreateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let guest = request.planned.text("guest").unwrap_or_default().to_owned();
        if guest == "nobody" {
            return Err(Diagnostic::error("No", "Nothing was made.").into());
        }
        let mut state = request.planned;
        state.set("house", Value::Null);
        match guest.as_str() {
            "a ghost" => state.set("door", Value::Null),
            _ => state.set("door", "A"),
        }
        response.state = Some(state);
        Ok(())
    }

    async fn read(
        &self,
        _: &String,
        request: ReadRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let mut state = request.state;
        match state.text("guest") {
            Some("a wanderer") => state.set("door", "B"),
            Some("a ghost") => state.set("door", Value::Null),
            Some("an owner") => state.set("house", "H"),
            Some("nobody") => {
                response.state = None;
                return Ok(());
            }
            Some("a mute") => return Err(Diagnostic::error("No", "Not to be read.").into()),
            _ => state.set("guest", "somebody"),
        }
        response.state = Some(state);
        Ok(())
    }

    async fn update(
        &self,
        _: &String,
        request: UpdateRequest,
        response: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        let mut state = request.planned;
        if state.text("guest") == Some("a wanderer") {
            state.set("door", "B");
        }
        response.state = Some(state);
        Ok(())
    }

    async fn delete(
        &self,
        _: &String,
        request: DeleteRequest,
        _: &mut StateResponse,
    ) -> Result<(), Diagnostics> {
        match request.prior.text("guest") {
            Some("a squatter") => Err(Diagnostic::error("No", "It stays.").into()),
            _ => Ok(()),
        }
    }

    fn modify_plan(&self, request: &PlanRequest<'_, Self::Client>, response: &mut PlanResponse) {
        let moves = request.config.and_then(|config| config.text("guest")) == Some("a planner");
        if let (true, Some(planned)) = (moves, &mut response.planned) {
            planned.set("door", "C");
        }
    }

    fn import(&self, request: ImportRequest) -> Result<Object, Diagnostics> {
        let (door, house) = match request {
            ImportRequest::Id(id) => (id, Value::Null),
            ImportRequest::Identity(identity) => (
                identity.text("door").unwrap_or_default().to_owned(),
                identity.get("house").clone(),
            ),
        };
        // A defect for the tests: this door leads to another room.
        let door = if door == "revolving" {
            "B".to_owned()
        } else {
            door
        };
        let mut state = Object::new();
        state.set("door", door);
        state.set("house", house);
        Ok(state)
    }

    fn move_source(&self, source: &MoveSource) -> Option<SourceVersions> {
        match source.provider_address.as_str() {
            "example.com/old/toy" => Some(SourceVersions::Ours),
            "example.com/other/toy" => Some(SourceVersions::Foreign),
            _ => None,
        }
    }
}
