//! Checks a grammatical template for contradictions: repeated names and numbers, and names that
//! differ in the template but not in Rust.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::error::{Place, Problem, TemplateError};
use super::model::{Message, Template};
use super::names::field_name;

/// Checks a template that [`super::parse::parse`] has read.
///
/// # Errors
/// At the first contradiction, with the place of its second party.
pub fn check(template: &Template) -> Result<(), TemplateError> {
    let mut names = Seen::new("message name");
    let mut numbers = Seen::new("message number");
    // Message and block structs share one name space.
    let mut structs = Seen::new("message or block name");
    for message in &template.messages {
        let place = place_of(message);
        names.add(&message.name, &message.name, place.clone())?;
        let number = format!("{} {}", message.frequency, message.number);
        numbers.add(&number, &number, place.clone())?;
        structs.add(&message.name, &message.name, place)?;
    }
    for message in &template.messages {
        let mut blocks = Seen::new("block name");
        for block in &message.blocks {
            let place =
                Place { line: block.line, block: Some(block.name.clone()), ..place_of(message) };
            blocks.add(&block.name, &field_name(&block.name), place.clone())?;
            let rust = format!("{}{}", message.name, block.name);
            structs.add(&format!("{}.{}", message.name, block.name), &rust, place.clone())?;
            let mut fields = Seen::new("field name");
            for field in &block.fields {
                let place =
                    Place { line: field.line, field: Some(field.name.clone()), ..place.clone() };
                fields.add(&field.name, &field_name(&field.name), place)?;
            }
        }
    }
    Ok(())
}

fn place_of(message: &Message) -> Place {
    Place { line: message.line, message: Some(message.name.clone()), ..Place::default() }
}

/// What one scope has named so far: the Rust name, with the template's name and line.
struct Seen {
    what: &'static str,
    names: HashMap<String, (String, usize)>,
}

impl Seen {
    fn new(what: &'static str) -> Self {
        Self { what, names: HashMap::new() }
    }

    fn add(&mut self, name: &str, rust: &str, place: Place) -> Result<(), TemplateError> {
        let what = self.what;
        let problem = match self.names.entry(rust.to_owned()) {
            Entry::Vacant(entry) => {
                entry.insert((name.to_owned(), place.line));
                return Ok(());
            }
            Entry::Occupied(entry) => match entry.into_mut() {
                (other, first) if other == name => {
                    Problem::Repeated { what, name: name.to_owned(), first: *first }
                }
                (other, _) => Problem::Clash { what, other: other.clone(), rust: rust.to_owned() },
            },
        };
        Err(TemplateError { place: Box::new(place), problem })
    }
}
