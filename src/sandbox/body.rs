//! Bodies of answers: whole, cut in their middle, or made while they are read.

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

const ROWS_A_CHUNK: u64 = 500;

#[derive(Debug)]
pub(super) enum Body {
    Whole(Option<Bytes>),
    /// These bytes, then the connection breaks.
    Half(Option<Bytes>),
    Broken,
    /// The rows of a CSV from here to there; a heading before the first.
    Rows(u64, u64),
}

impl Body {
    pub(super) fn empty() -> Self {
        Self::Whole(None)
    }

    pub(super) fn rows(count: u64) -> Self {
        Self::Rows(0, count)
    }
}

impl hyper::body::Body for Body {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match &mut *self {
            Self::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            Self::Half(bytes) => {
                if let Some(bytes) = bytes.take() {
                    return Poll::Ready(Some(Ok(Frame::data(bytes))));
                }
                // Once more round, so that what was given is sent before the connection breaks.
                *self = Self::Broken;
                context.waker().wake_by_ref();
                Poll::Pending
            }
            Self::Broken => Poll::Ready(Some(Err(io::Error::other("cut on purpose")))),
            Self::Rows(next, count) if *next < *count => {
                let mut text = String::new();
                if *next == 0 {
                    text.push_str("email,first_name,last_name,company_name\n");
                }
                let end = (*next + ROWS_A_CHUNK).min(*count);
                for row in *next..end {
                    text.push_str(&format!("p{row}@example.com,First{row},Last{row},Company {row}\n"));
                }
                *next = end;
                Poll::Ready(Some(Ok(Frame::data(Bytes::from(text)))))
            }
            Self::Rows(..) => Poll::Ready(None),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
            Self::Half(_) | Self::Broken | Self::Rows(..) => SizeHint::default(),
        }
    }
}
