//! One route: where it is, who may use it, what it changes. There is no other way to be served.

use axum::routing::{MethodFilter, MethodRouter, on};

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
    pub handler: MethodRouter<Shop>,
}

/// A page to look at.
pub fn get<H, T>(path: &'static str, who: Who, handler: H) -> Route
where
    H: axum::handler::Handler<T, Shop>,
    T: 'static,
{
    route(Method::Get, path, who, "", handler)
}

/// A form to send; `changes` says what it changes.
pub fn post<H, T>(path: &'static str, who: Who, changes: &'static str, handler: H) -> Route
where
    H: axum::handler::Handler<T, Shop>,
    T: 'static,
{
    route(Method::Post, path, who, changes, handler)
}

fn route<H, T>(method: Method, path: &'static str, who: Who, changes: &'static str, handler: H) -> Route
where
    H: axum::handler::Handler<T, Shop>,
    T: 'static,
{
    Route { method, path, who, changes, handler: on(method.filter(), handler) }
}
