//! The load side: requests prepared once, and two cheap ways to send them.

mod http;
mod pipes;
mod request;
mod response;

pub(crate) use http::HttpClient;
pub(crate) use pipes::Pipes;
pub(crate) use request::{Era, Request, Work, payload};
