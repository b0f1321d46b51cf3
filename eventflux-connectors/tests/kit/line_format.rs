//! A format of lines, so that connectors are tested without the real ones: one STRING column, a first line that begins
//! with `#` is a header, a line that begins with `!` is bad.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch, RecordBatchOptions, StringArray};
use arrow::datatypes::{FieldRef, Schema, SchemaRef};
use eventflux_core::Result;
use eventflux_core::batch::EventBatch;
use eventflux_core::connector::{
    Decode, DecodeFormat, DecodeRequest, DecoderMaker, Encode, EncodeFormat, EncodeRequest, EncoderMaker,
    FormatDoc, Messages, OptionError, SinkInput, raw_of,
};
use eventflux_core::operator::BadRow;

pub struct LineFormat;

static DOC: FormatDoc = FormatDoc {
    name: "line",
    summary: "Lines.",
    details: "",
    decode_options: Some(&[]),
    encode_options: Some(&[]),
};

impl DecodeFormat for LineFormat {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn plan(&self, request: &DecodeRequest<'_>) -> Result<DecoderMaker, OptionError> {
        let fields: Vec<FieldRef> = request
            .columns
            .iter()
            .map(|column| Arc::clone(&column.field))
            .collect();
        let schema = Arc::new(Schema::new(fields));
        Ok(Box::new(move || {
            Box::new(LineDecoder {
                schema: Arc::clone(&schema),
                lines: Vec::new(),
            })
        }))
    }
}

impl EncodeFormat for LineFormat {
    fn doc(&self) -> &'static FormatDoc {
        &DOC
    }

    fn input(&self) -> SinkInput {
        SinkInput::Append
    }

    fn plan(&self, request: &EncodeRequest<'_>) -> Result<EncoderMaker, OptionError> {
        let key = request.key.to_vec();
        Ok(Box::new(move || Box::new(LineEncoder { key: key.clone() })))
    }
}

struct LineDecoder {
    schema: SchemaRef,
    lines: Vec<String>,
}

impl LineDecoder {
    fn line(&mut self, line: &[u8], offset: i64, bad: &mut Vec<BadRow>) {
        match std::str::from_utf8(line) {
            Ok(text) if !text.starts_with('!') => self.lines.push(text.to_owned()),
            _ => bad.push(BadRow {
                partition: None,
                offset: Some(offset),
                reason: "bad line".into(),
                raw: raw_of(line),
            }),
        }
    }
}

impl Decode for LineDecoder {
    fn begin(&mut self, head: &[u8], is_end: bool) -> Result<Option<usize>> {
        let end = head.iter().position(|byte| *byte == b'\n');
        Ok(match (head.first(), end) {
            (Some(b'#'), Some(end)) => Some(end + 1),
            (Some(b'#'), None) if is_end => Some(head.len()),
            (Some(b'#'), None) => None,
            (None, _) if !is_end => None,
            _ => Some(0),
        })
    }

    fn decode_stream(
        &mut self,
        bytes: &[u8],
        offset: u64,
        is_end: bool,
        rows_max: usize,
        bad: &mut Vec<BadRow>,
    ) -> Result<usize> {
        let mut taken = 0;
        for _ in 0..rows_max {
            let rest = &bytes[taken..];
            let (line, length) = match rest.iter().position(|byte| *byte == b'\n') {
                Some(end) => (&rest[..end], end + 1),
                None if is_end && !rest.is_empty() => (rest, rest.len()),
                None => break,
            };
            self.line(line, (offset + taken as u64) as i64, bad);
            taken += length;
        }
        Ok(taken)
    }

    fn decode_message(&mut self, message: &[u8], offset: i64, bad: &mut Vec<BadRow>) -> Result<usize> {
        let row_count = self.lines.len();
        self.line(message, offset, bad);
        Ok(self.lines.len() - row_count)
    }

    fn row_count(&self) -> usize {
        self.lines.len()
    }

    fn take(&mut self) -> Result<RecordBatch> {
        let lines = std::mem::take(&mut self.lines);
        let options = RecordBatchOptions::new().with_row_count(Some(lines.len()));
        let columns = match self.schema.fields().is_empty() {
            true => vec![],
            false => vec![Arc::new(StringArray::from(lines)) as _],
        };
        Ok(RecordBatch::try_new_with_options(
            Arc::clone(&self.schema),
            columns,
            &options,
        )?)
    }
}

struct LineEncoder {
    key: Vec<usize>,
}

impl Encode for LineEncoder {
    fn header(&self) -> Vec<u8> {
        b"# lines\n".to_vec()
    }

    fn encode_stream(&mut self, batch: &EventBatch, out: &mut Vec<u8>) -> Result<()> {
        for line in batch.column(0).as_string::<i32>().iter().flatten() {
            out.extend_from_slice(line.as_bytes());
            out.push(b'\n');
        }
        Ok(())
    }

    fn encode_messages(&mut self, batch: &EventBatch, messages: &mut Messages) -> Result<()> {
        let text = |column: usize, row| batch.column(column).as_string::<i32>().value(row).as_bytes();
        for row in 0..batch.num_rows() {
            if !self.key.is_empty() {
                messages.key(|out| {
                    self.key
                        .iter()
                        .for_each(|column| out.extend_from_slice(text(*column, row)))
                });
            }
            messages.value(|out| out.extend_from_slice(text(0, row)));
            messages.end(row);
        }
        Ok(())
    }
}
