//! What only a distributed Map state has: where its items come from, how they are batched, and where
//! the results go.
//!
//! AWS: [Distributed mode](https://docs.aws.amazon.com/step-functions/latest/dg/state-map-distributed.html).

use super::Count;
use crate::data::template::Template;

/// How a Map state runs whose items have executions of their own.
#[derive(Debug, Clone)]
pub struct Distributed {
    /// `ProcessorConfig.ExecutionType`.
    pub execution_type: ExecutionType,
    /// `ItemReader`; without it the items are those of the state's input.
    pub reader: Option<ItemReader>,
    /// `ItemBatcher`; without it each item has an execution.
    pub batcher: Option<ItemBatcher>,
    /// `ResultWriter`.
    pub writer: Option<ResultWriter>,
}

/// `ExecutionType`: what the executions for the items are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the specification's")]
pub enum ExecutionType {
    Standard,
    Express,
}

/// `ItemReader`.
///
/// AWS: [ItemReader](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itemreader.html).
#[derive(Debug, Clone)]
pub struct ItemReader {
    /// `Resource`.
    pub source: ItemSource,
    /// `Parameters`, or `Arguments` in JSONata: `Bucket`, `Key`, `Prefix`, …
    pub parameters: Template,
    /// `ReaderConfig`.
    pub reading: Reading,
}

/// What is read from S3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemSource {
    /// `s3:getObject`: what is in an object.
    Object,
    /// `s3:listObjectsV2`: a list of objects.
    Objects,
}

/// `ReaderConfig`.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// What is in the object, or in those listed; `None` where only the list is read.
    pub input_type: Option<InputType>,
    /// `Transformation: LOAD_AND_FLATTEN`: the items are those in the listed objects.
    pub is_flattened: bool,
    /// `MaxItems` or `MaxItemsPath`: no more items than this.
    pub max_items: Option<Count>,
}

/// `InputType` and `ManifestType`, with what belongs to them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InputType {
    /// `JSON`: an array, or an object.
    Json {
        /// `ItemsPointer`: JSON Pointer to the items.
        items_pointer: Option<String>,
    },
    /// `JSONL`: a JSON text in each line.
    JsonLines,
    /// `CSV`: an object for each line.
    Csv(Csv),
    /// `PARQUET`.
    Parquet,
    /// `MANIFEST`, or the manifest type `S3_INVENTORY`: the objects that an inventory of S3 lists.
    Inventory,
    /// The manifest type `ATHENA_DATA`: what is in the files that Athena lists.
    Athena(Box<InputType>),
}

/// What is known of a CSV file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Csv {
    /// `CSVDelimiter`, default `,`.
    pub delimiter: char,
    /// `CSVHeaderLocation`.
    pub headers: CsvHeaders,
}

/// `CSVHeaderLocation`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CsvHeaders {
    /// `FIRST_ROW`.
    FirstRow,
    /// `GIVEN`: `CSVHeaders`.
    Given(Vec<String>),
}

/// `ItemBatcher`: several items for one execution. At least one of the bounds is there.
///
/// AWS: [ItemBatcher](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-itembatcher.html).
#[derive(Debug, Clone)]
pub struct ItemBatcher {
    /// `MaxItemsPerBatch` or `MaxItemsPerBatchPath`.
    pub max_items: Option<Count>,
    /// `MaxInputBytesPerBatch` or `MaxInputBytesPerBatchPath`.
    pub max_bytes: Option<Count>,
    /// `BatchInput`, which each batch gets beside its items.
    pub input: Option<Template>,
}

/// `ResultWriter`.
///
/// AWS: [ResultWriter](https://docs.aws.amazon.com/step-functions/latest/dg/input-output-resultwriter.html).
#[derive(Debug, Clone)]
pub struct ResultWriter {
    /// `Parameters`, or `Arguments` in JSONata: the `Bucket` and `Prefix` that results are written to.
    /// `None` where they only become the state's result.
    pub destination: Option<Template>,
    /// `WriterConfig.Transformation`; its default depends on whether results are written.
    pub transformation: Option<Transformation>,
    /// `WriterConfig.OutputType`, default `JSON`.
    pub output_type: OutputType,
}

/// `WriterConfig.Transformation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transformation {
    /// `NONE`: the executions, with their outputs.
    None,
    /// `COMPACT`: the outputs.
    Compact,
    /// `FLATTEN`: what is in the outputs that are arrays, and the others.
    Flatten,
}

/// `WriterConfig.OutputType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    /// `JSON`: an array.
    Json,
    /// `JSONL`: a JSON text in each line.
    JsonLines,
}
