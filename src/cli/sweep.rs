//! `tuckshop sweep`: one retention run, its forecast, and the owner's word for what was held.

use std::fmt::Write;

use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::verbs::Report;
use super::{FAILED, values};
use crate::clock::Timestamp;
use crate::refusal::Decided;
use crate::retention::{self, Counts, Run};
use crate::shop::Shop;

#[derive(Args, Serialize, Deserialize)]
pub struct SweepArgs {
    /// Only say what would go
    #[arg(long)]
    dry_run: bool,
    /// What would go at this time (ISO 8601), if nothing changed until then
    #[arg(long, value_name = "TIME", requires = "dry_run", value_parser = values::moment)]
    as_of: Option<Timestamp>,
    /// Let go a run that the brake held
    #[arg(long, value_name = "RUN", conflicts_with = "dry_run", allow_negative_numbers = true,
        value_parser = values::number::<u64>)]
    release: Option<u64>,
    /// The jump of the clock was meant: go on from what it says now
    #[arg(long, conflicts_with = "dry_run")]
    confirm_clock: bool,
}

impl SweepArgs {
    /// Whether nothing is to be changed.
    pub fn only_looks(&self) -> bool {
        self.dry_run
    }
}

pub async fn perform(shop: &Shop, args: SweepArgs, json: bool) -> Report {
    if args.dry_run {
        return dry_run(shop, args.as_of, json);
    }
    let mut words = String::new();
    if args.confirm_clock {
        words.push_str(&confirm_clock(shop));
    }
    if let Some(run) = args.release {
        match shop.store.commit(move |plan| Ok(plan.release_held(run)?)).await {
            Ok(true) => {
                tracing::warn!(run, "released from the shell");
                let _ = writeln!(words, "Run {run} is released.");
            }
            Ok(false) => return Report::failed(format!("--release: no run {run} waits")),
            Err(stop) => return Report::failed(stop),
        }
    }
    match everything(shop).await {
        Ok((run, passing)) => report(&run, passing, &words, json),
        Err(stop) => Report::failed(stop),
    }
}

fn confirm_clock(shop: &Shop) -> String {
    let Some(jump) = shop.clock.jump() else { return "The clock did not jump.\n".to_owned() };
    shop.clock.confirm();
    tracing::warn!(says = %jump.says, "the clock was confirmed from the shell");
    format!("The clock is taken as right: {}.\n", jump.says)
}

async fn everything(shop: &Shop) -> Decided<(Run, usize)> {
    let passing = retention::sweep_passing(shop).await?;
    Ok((retention::sweep(shop).await?, passing))
}

fn dry_run(shop: &Shop, as_of: Option<Timestamp>, json: bool) -> Report {
    let moment = as_of.unwrap_or_else(|| shop.clock.now());
    match retention::forecast(shop, moment) {
        Ok(counts) if json => Report::json(&json!({"as_of": moment.to_string(), "would_drop": counts})),
        Ok(counts) => Report::done(format!("At {moment} would go:\n{}", lines(&counts))),
        Err(error) => Report::failed(error),
    }
}

fn lines(counts: &Counts) -> String {
    if counts.is_empty() {
        return "  nothing\n".to_owned();
    }
    counts.iter().map(|(class, count)| format!("  {class}: {count}\n")).collect()
}

fn report(run: &Run, passing: usize, words: &str, json: bool) -> Report {
    let is_held = run.jump.is_some() || !run.held.is_empty();
    let mut report = if json {
        let jump = run.jump.map(|jump| json!({"good": jump.good.to_string(), "says": jump.says.to_string()}));
        Report::json(&json!({
            "dropped": run.dropped, "accounts": run.accounts, "passing": passing, "held": run.held,
            "kept_by_holds": run.kept, "clock_jump": jump,
        }))
    } else {
        let accounts = run.accounts;
        Report::done(format!(
            "{words}Gone:\n  passing: {passing}\n  cancelled accounts: {accounts}\n{}",
            lines(&run.dropped)
        ))
    };
    for (class, number) in &run.held {
        let _ = writeln!(
            report.stderr,
            "tuckshop: {class}: more than could be foreseen; `tuckshop sweep --release {number}` lets it go"
        );
    }
    if let Some(jump) = run.jump {
        let _ = writeln!(
            report.stderr,
            "tuckshop: the clock jumped: it says {}, and {} was expected; nothing lasting was deleted. If it is \
             right, say so with `tuckshop sweep --confirm-clock`",
            jump.says, jump.good
        );
    }
    if is_held {
        report.code = FAILED;
    }
    report
}
