//! What stands between a right password and the session: a second factor, a first password. Each step
//! is a record of ten minutes, tied to the browser by a token.

use super::records::{STAFF_SIGN_INS, SignInRow, Stage};
use super::{StaffMember, find};
use crate::classes::Class;
use crate::clock::Timestamp;
use crate::ids::StaffId;
use crate::random::Random;
use crate::sessions;
use crate::store::{Decided, Plan, StoreResult, View};
use crate::web::{Cookie, Visit, see, with_cookie, without_cookie};

/// How long a sign-in under way may take.
const STEP_SECONDS: i64 = 10 * 60;

/// What a sign-in comes to after a step that was passed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// A further step, tied to the browser by this token.
    Step { stage: Stage, token: String },
    /// Signed in with this session token.
    In { token: String, back: String },
}

pub(super) fn go_on(visit: &Visit, next: Next) -> axum::response::Response {
    match next {
        Next::Step { stage, token } => {
            let path = match stage {
                Stage::Second => "/admin/login/second",
                Stage::NewPassword => "/admin/login/password",
            };
            with_cookie(see(path), &visit.shop, Cookie::Step, &token)
        }
        Next::In { token, back } => {
            let answer = with_cookie(see(&back), &visit.shop, Cookie::Staff, &token);
            without_cookie(answer, &visit.shop, Cookie::Step)
        }
    }
}

/// Begins with a right password.
pub(super) async fn begin(visit: &Visit, member: &StaffMember, one_time: bool, back: &str) -> Decided<Next> {
    let (id, back, given) = (member.id, back.to_owned(), Given::of(visit));
    let next = visit.shop.store.commit(move |plan| {
        let stage = if super::has_factor(plan, id)? {
            Some(Stage::Second)
        } else {
            one_time.then_some(Stage::NewPassword)
        };
        decide_next(plan, &given, id, stage, back)
    });
    next.await
}

/// What a command needs of the request.
pub(super) struct Given {
    pub agent: String,
    /// A session that the browser still has; it ends with the new one.
    pub earlier: Option<[u8; 32]>,
    pub random: std::sync::Arc<dyn Random>,
}

impl Given {
    pub fn of(visit: &Visit) -> Self {
        Self {
            agent: visit.agent.to_string(),
            earlier: visit.staff.as_ref().map(|(_, session)| session.hash),
            random: visit.shop.random.clone(),
        }
    }
}

/// Files the next step, or begins the session when there is none.
pub(super) fn decide_next(
    plan: &mut Plan<'_>,
    given: &Given,
    id: StaffId,
    stage: Option<Stage>,
    back: String,
) -> Decided<Next> {
    let Some(stage) = stage else {
        return Ok(Next::In { token: begin_session(plan, given, id)?, back });
    };
    let token = given.random.token();
    let until = plan.now.plus_seconds(STEP_SECONDS);
    let vault = plan.new_vault(Class::Code, Some(until))?;
    let row = SignInRow { staff: id, stage, back, until };
    plan.put_in(&STAFF_SIGN_INS, &sessions::hash_of(&token), vault, &row)?;
    Ok(Next::Step { stage, token })
}

/// Begins the session and gives its token; the first one is on record as the confirmed duty.
pub(super) fn begin_session(plan: &mut Plan<'_>, given: &Given, id: StaffId) -> Decided<String> {
    let now = plan.now;
    super::change(plan, id, |row| row.confirmed = row.confirmed.or(Some(now)))?;
    if let Some(earlier) = given.earlier {
        sessions::end(plan, earlier)?;
    }
    Ok(sessions::begin_of_staff(plan, id, &given.agent, &*given.random)?)
}

/// The sign-in under way in this browser, at this stage, of a person who may still come in.
pub(super) fn under_way(
    view: &View<'_>,
    token: Option<&str>,
    stage: Stage,
    now: Timestamp,
) -> StoreResult<Option<(SignInRow, StaffMember)>> {
    let Some(token) = token else { return Ok(None) };
    let Some(row) = view.get(&STAFF_SIGN_INS, &sessions::hash_of(token))? else { return Ok(None) };
    if row.stage != stage || now >= row.until {
        return Ok(None);
    }
    let member = find(view, row.staff)?.filter(|member| member.active);
    Ok(member.map(|member| (row, member)))
}

pub(super) fn current(visit: &Visit, stage: Stage) -> StoreResult<Option<(SignInRow, StaffMember)>> {
    under_way(&visit.view()?, visit.step.as_deref(), stage, visit.shop.clock.now())
}

/// Takes a step off the record, so that it is passed once.
pub(super) fn end_step(plan: &mut Plan<'_>, token: &str) -> StoreResult<()> {
    match plan.get_row(&STAFF_SIGN_INS, &sessions::hash_of(token))? {
        Some((_, Some(vault))) => plan.drop_vault(vault),
        _ => Ok(()),
    }
}
