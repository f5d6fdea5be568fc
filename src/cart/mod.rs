//! The cart.
use crate::{
    store::{StoreResult, View},
    web::Visit,
};
/// How many pieces lie in the visitor's cart.
pub fn count(_view: &View<'_>, _visit: &Visit) -> StoreResult<u32> {
    Ok(0)
}
