//! Forms with files: the same care as for plain forms, and each file once.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::extract::multipart::{Multipart, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Request};
use axum::http::header::CONTENT_TYPE;

use super::form::{Form, is_sound_name, read_body, twice};
use crate::locale::Text;
use crate::refusal::{Kind, Refusal, Stop};
use crate::shop::Shop;

/// A form has no more parts than this.
const MOST_PARTS: usize = 200;

/// What was typed into a form, and the files that came with it.
#[derive(Clone, Default, Debug)]
pub struct Upload {
    pub form: Form,
    files: BTreeMap<String, Vec<u8>>,
}

impl Upload {
    /// Takes the file of this field; `None` if none was chosen.
    pub fn take_file(&mut self, name: &str) -> Option<Vec<u8>> {
        self.files.remove(name)
    }

    async fn read(mut parts: Multipart) -> Result<Self, Stop> {
        let mut upload = Self::default();
        let mut count = 0;
        while let Some(part) = parts.next_field().await.map_err(|error| broken(&error))? {
            count += 1;
            let name = part.name().unwrap_or_default().to_owned();
            let is_file = part.file_name().is_some();
            let bytes = part.bytes().await.map_err(|error| broken(&error))?;
            if count > MOST_PARTS {
                return Err(unreadable());
            }
            if !is_file {
                let text = String::from_utf8(bytes.to_vec()).map_err(|_| unreadable())?;
                upload.form.add(name, text);
            } else if !is_sound_name(&name) {
                return Err(unreadable());
            } else if !bytes.is_empty() && upload.files.insert(name.clone(), bytes.to_vec()).is_some() {
                return Err(Refusal::invalid(vec![twice(&name)]).into());
            }
        }
        upload.form = upload.form.sent();
        Ok(upload)
    }
}

fn broken(error: &MultipartError) -> Stop {
    tracing::debug!(%error, "an upload could not be read");
    unreadable()
}

fn unreadable() -> Stop {
    Refusal::of(Kind::Invalid, Text::new("The form could not be read.", "表单内容无法读取。")).into()
}

impl FromRequest<Shop> for Upload {
    type Rejection = Stop;

    async fn from_request(request: Request, shop: &Shop) -> Result<Self, Stop> {
        let (head, body) = request.into_parts();
        // Read whole first, so that a slow or endless body is cut off as any form's is.
        let bytes = read_body(body, shop.config().limits.max_upload.bytes()).await?;
        let kind = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        // A form sent without its files comes as any other.
        if kind.starts_with("application/x-www-form-urlencoded") {
            return Ok(Self { form: Form::parse(&bytes).sent(), files: BTreeMap::new() });
        }
        let mut request = Request::from_parts(head, Body::from(bytes));
        DefaultBodyLimit::disable().apply(&mut request);
        match Multipart::from_request(request, shop).await {
            Ok(parts) => Self::read(parts).await,
            Err(_) => Err(unreadable()),
        }
    }
}
