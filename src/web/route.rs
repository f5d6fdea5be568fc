//! One route: where it is, who may use it, what it changes. There is no other way to be served.

use axum::extract::Path;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::form::{Checked, Form};
use super::upload::Upload;
use super::visit::Visit;
use crate::shop::Shop;

/// Who may use a route. Whoever is not named is turned away before the handler runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Anyone,
    /// A signed-in customer; each sees their own only.
    Customer,
    /// A signed-in member of staff.
    Staff,
    /// The owner.
    Owner,
    /// Programs on this machine, or with the bearer token of the configuration.
    Machine,
    /// Anyone, and only in `tuckshop demo`.
    Demo,
}

impl Who {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Anyone => "anyone",
            Self::Customer => "customer",
            Self::Staff => "staff",
            Self::Owner => "owner",
            Self::Machine => "machine",
            Self::Demo => "demo",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    Get,
    Post,
}

impl Method {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
        }
    }

    fn filter(self) -> MethodFilter {
        match self {
            Self::Get => MethodFilter::GET,
            Self::Post => MethodFilter::POST,
        }
    }
}

/// A route as each room lists it.
#[derive(Clone)]
pub struct Route {
    pub method: Method,
    pub path: &'static str,
    pub who: Who,
    /// What a request changes, in a few words; empty for a look.
    pub changes: &'static str,
    /// Whether the handler reads the form that is sent; if not, it is looked at before.
    pub takes_form: bool,
    pub handler: MethodRouter<Shop>,
}

/// What a handler takes last, which may be what was sent to it.
pub trait Argument {
    const IS_FORM: bool;
}

impl Argument for Visit {
    const IS_FORM: bool = false;
}

impl<T> Argument for Path<T> {
    const IS_FORM: bool = false;
}

impl Argument for Form {
    const IS_FORM: bool = true;
}

impl Argument for Checked {
    const IS_FORM: bool = true;
}

impl Argument for Upload {
    const IS_FORM: bool = true;
}

/// All that a handler takes, in the order in which it takes it, behind a mark of axum's.
pub trait Arguments {
    const TAKE_FORM: bool;
}

impl<M, A: Argument> Arguments for (M, A) {
    const TAKE_FORM: bool = A::IS_FORM;
}

impl<M, A, B: Argument> Arguments for (M, A, B) {
    const TAKE_FORM: bool = B::IS_FORM;
}

impl<M, A, B, C: Argument> Arguments for (M, A, B, C) {
    const TAKE_FORM: bool = C::IS_FORM;
}

impl<M, A, B, C, D: Argument> Arguments for (M, A, B, C, D) {
    const TAKE_FORM: bool = D::IS_FORM;
}

/// A page to look at.
pub fn get<H, T>(path: &'static str, who: Who, handler: H) -> Route
where
    H: axum::handler::Handler<T, Shop>,
    T: 'static,
{
    let handler = on(Method::Get.filter(), handler);
    Route { method: Method::Get, path, who, changes: "", takes_form: false, handler }
}

/// A form to send; `changes` says what it changes.
pub fn post<H, T>(path: &'static str, who: Who, changes: &'static str, handler: H) -> Route
where
    H: axum::handler::Handler<T, Shop>,
    T: Arguments + 'static,
{
    let handler = on(Method::Post.filter(), handler);
    Route { method: Method::Post, path, who, changes, takes_form: T::TAKE_FORM, handler }
}
