//! `tuckshop data-map`: every table and field, with class, purpose, ground, period, recipients.

use std::fmt::Write;

use serde_json::{Value, json};

use super::verbs::Report;
use crate::classes::ClassFacts;
use crate::config::Config;
use crate::locale::Locale;
use crate::rooms;
use crate::store::TableInfo;
use crate::store::codec::leaves;

/// A class's clock with the configured periods in it.
fn clock_of(facts: &ClassFacts, config: &Config) -> String {
    let mut text = facts.clock.get(Locale::En).to_owned();
    for (key, period) in config.retention.all() {
        text = text.replace(&format!("{{{key}}}"), &period.text(Locale::En));
    }
    text
}

pub fn report(config: &Config, as_json: bool) -> Report {
    if as_json {
        let rows: Vec<Value> = rooms::tables().iter().map(|table| table_json(table, config)).collect();
        return Report::done(format!("{:#}\n", Value::from(rows)));
    }
    let mut text = String::new();
    for table in rooms::tables() {
        let facts = table.class.facts();
        let en = Locale::En;
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{}\n  class       {} ({})\n  grade       {}\n  purpose     {}\n  ground      {}\n  period      {}\n  recipients  {}",
            table.name,
            facts.id,
            facts.title.get(en),
            facts.grade.text().get(en),
            facts.purpose.get(en),
            facts.ground.text().get(en),
            clock_of(facts, config),
            facts.recipients.get(en),
        );
        for (path, field) in leaves(table.fields) {
            let sensitive = if field.kind.is_sensitive() { ", sensitive" } else { "" };
            let _ = writeln!(text, "    {path:<28} {}{sensitive}", field.kind.text().get(en));
        }
        text.push('\n');
    }
    Report::done(text)
}

fn table_json(table: &TableInfo, config: &Config) -> Value {
    let facts = table.class.facts();
    let en = Locale::En;
    let fields: Vec<Value> = leaves(table.fields)
        .into_iter()
        .map(|(path, field)| {
            json!({"name": path, "kind": field.kind.text().get(en), "sensitive": field.kind.is_sensitive()})
        })
        .collect();
    json!({
        "table": table.name,
        "class": facts.id,
        "sealed": facts.class != crate::classes::Class::Public,
        "passing": table.passing,
        "grade": facts.grade.text().get(en),
        "purpose": facts.purpose.get(en),
        "ground": facts.ground.text().get(en),
        "period": clock_of(facts, config),
        "recipients": facts.recipients.get(en),
        "fields": fields,
    })
}
