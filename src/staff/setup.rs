#[derive(Default)]
pub struct Invitation {}
