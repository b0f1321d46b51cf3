//! The form of a block's IPC stream, checked before Arrow reads it: Arrow's reader panics on places outside of a message.
//!
//! ```text
//! schema message, record batch message, end of stream
//! message        0xffffffff, length of its metadata i32, metadata (a flatbuffer), body
//! end of stream  0xffffffff, 0
//! ```

use arrow::ipc::{Message, RecordBatch, Schema, Type, root_as_message};

/// Arrow's smallest alignment: blocks are many, and padding is stored.
pub(super) const ALIGNMENT_BYTES: usize = 8;

const CONTINUATION: u32 = 0xffff_ffff;

/// Refuses what is not a schema of the four columns, and one batch of them whose buffers lie within its body.
pub(super) fn check_stream(mut bytes: &[u8]) -> Result<(), String> {
    let (schema, body) = take_message(&mut bytes)?;
    let schema = schema
        .header_as_schema()
        .ok_or("a block does not begin with a schema")?;
    if !body.is_empty() || !is_ours(schema) {
        return Err("a block has other columns".to_owned());
    }
    let (batch, body) = take_message(&mut bytes)?;
    let batch = batch
        .header_as_record_batch()
        .ok_or("a block has no batch of rows")?;
    check_batch(batch, body.len())?;
    match take_words(&mut bytes)? {
        (CONTINUATION, 0) if bytes.is_empty() => Ok(()),
        _ => Err("a block has something after its rows".to_owned()),
    }
}

fn take_words(bytes: &mut &[u8]) -> Result<(u32, u32), String> {
    let word = |bytes: &mut &[u8]| {
        let (word, rest) = bytes.split_first_chunk()?;
        *bytes = rest;
        Some(u32::from_le_bytes(*word))
    };
    let words = word(bytes).zip(word(bytes));
    words.ok_or_else(|| "a block ends within a message".to_owned())
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Result<&'a [u8], String> {
    let (taken, rest) = bytes
        .split_at_checked(length)
        .ok_or("a block ends within a message")?;
    *bytes = rest;
    Ok(taken)
}

/// A message and its body.
fn take_message<'a>(bytes: &mut &'a [u8]) -> Result<(Message<'a>, &'a [u8]), String> {
    let length = match take_words(bytes)? {
        (CONTINUATION, length) => length as usize,
        _ => return Err("a block has something that is not a message".to_owned()),
    };
    let message = root_as_message(take(bytes, length)?).map_err(|error| error.to_string())?;
    let body_bytes = usize::try_from(message.bodyLength()).map_err(|error| error.to_string())?;
    Ok((message, take(bytes, body_bytes)?))
}

fn is_ours(schema: Schema<'_>) -> bool {
    let types = [Type::Int, Type::Int, Type::Binary, Type::Binary];
    let fields = schema.fields().filter(|fields| fields.len() == types.len());
    fields.is_some_and(|fields| {
        fields.iter().zip(types).all(|(field, of)| {
            let is_plain =
                field.dictionary().is_none() && field.children().is_none_or(|children| children.is_empty());
            let is_number = || {
                field
                    .type_as_int()
                    .is_some_and(|int| !int.is_signed() && matches!(int.bitWidth(), 8 | 16))
            };
            let fits = field.type_type() == of && is_plain && field.name().is_some();
            fits && (of == Type::Binary || is_number())
        })
    })
}

/// One node per column; buffers that lie within the body and have as many bytes as the rows need.
fn check_batch(batch: RecordBatch<'_>, body_bytes: usize) -> Result<(), String> {
    let is_in_order = || {
        let row_count = usize::try_from(batch.length()).ok()?;
        // No column has more rows than bytes, so what follows does not overflow.
        if row_count > body_bytes || batch.compression().is_some() {
            return None;
        }
        let nodes = batch.nodes().filter(|nodes| nodes.len() == 4)?;
        let mut buffers = batch.buffers()?.iter();
        // Per column its buffers behind the validity: bytes per value, and how many values they have at least.
        let offsets = (4, row_count + 1);
        let needs: [&[(usize, usize)]; 4] = [
            &[(2, row_count)],
            &[(1, row_count)],
            &[offsets, (1, 0)],
            &[offsets, (1, 0)],
        ];
        for (node, needs) in nodes.iter().zip(needs) {
            if node.length() != batch.length() || !(0..=node.length()).contains(&node.null_count()) {
                return None;
            }
            let validity_bytes = if node.null_count() > 0 {
                row_count.div_ceil(8)
            } else {
                0
            };
            for (width, count) in [(1, validity_bytes)].iter().chain(needs) {
                let buffer = buffers.next()?;
                let offset = usize::try_from(buffer.offset()).ok()?;
                let length = usize::try_from(buffer.length()).ok()?;
                let is_whole = length.is_multiple_of(*width) && offset.is_multiple_of(ALIGNMENT_BYTES);
                if !is_whole || length < width * count || offset.checked_add(length)? > body_bytes {
                    return None;
                }
            }
        }
        buffers.next().is_none().then_some(())
    };
    is_in_order().ok_or_else(|| "the batch of a block is not in order".to_owned())
}
