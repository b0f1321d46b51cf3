//! The nexmark source.

use crate::kit::program::{column, source};
use crate::kit::source_kit::{self, Subtasks};
use arrow::datatypes::{DataType, TimeUnit};
use eventflux_core::connector::SourcePlan;
use eventflux_core::plan::SourceColumn;

const TIME: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

fn columns(kind: &str) -> Vec<SourceColumn> {
    let columns: &[(&str, DataType)] = match kind {
        "person" => &[
            ("id", DataType::Int64),
            ("name", DataType::Utf8),
            ("email_address", DataType::Utf8),
            ("credit_card", DataType::Utf8),
            ("city", DataType::Utf8),
            ("state", DataType::Utf8),
            ("date_time", TIME),
            ("extra", DataType::Utf8),
        ],
        "auction" => &[
            ("id", DataType::Int64),
            ("item_name", DataType::Utf8),
            ("description", DataType::Utf8),
            ("initial_bid", DataType::Int64),
            ("reserve", DataType::Int64),
            ("date_time", TIME),
            ("expires", TIME),
            ("seller", DataType::Int64),
            ("category", DataType::Int64),
            ("extra", DataType::Utf8),
        ],
        _ => &[
            ("auction", DataType::Int64),
            ("bidder", DataType::Int64),
            ("price", DataType::Int64),
            ("channel", DataType::Utf8),
            ("url", DataType::Utf8),
            ("date_time", TIME),
            ("extra", DataType::Utf8),
        ],
    };
    columns
        .iter()
        .map(|(name, data_type)| column(name, data_type.clone()))
        .collect()
}

fn plan(kind: &str, columns: &[SourceColumn], options: &[(&str, &str)]) -> Box<dyn SourcePlan> {
    source("nexmark", columns, &[&[("stream", kind)], options].concat()).unwrap()
}

async fn rows(plan: Box<dyn SourcePlan>) -> Vec<String> {
    let mut subtasks = Subtasks::open(&*plan, 1, &[]);
    subtasks.read(usize::MAX).await;
    subtasks.read.rows
}

#[tokio::test]
async fn events_never_change() {
    let first = |kind: &'static str| async move {
        rows(plan(kind, &columns(kind), &[("events", "6")]))
            .await
            .remove(0)
    };
    assert_eq!(
        first("person").await,
        "1000|Sarah Walton|vqkg@afa.com|5206 8290 0509 6094|Redmond|ID|2015-07-15T00:00:00|unbghgfvwgoooyhibmyyqpaebiexxukeypccthwwcakxetekaaobbzxsfplpkuxatsmmayhexffmrueheodaggrtasefdwxadrftdxcncaatafekzrwjzqoosltkdmu"
    );
    assert_eq!(
        first("auction").await,
        "1000|ufhgpswcluu|yepqbdasyzaajonuptaoyfdcnuabdxzniawcpzugzxqalolaubsvnccgajlyzidlefil|15893612|16137253|2015-07-15T00:00:00.000100|2015-07-15T00:00:00.095100|1000|14|jfesjvgjekcnkyzszmerfediufslvmbmfbqmhmjseadtectcxmdglbdihuafswfylimonceghsbpfdxnlorcdiscrseoagulueamfitccfbccqprfdhfnqabyecafleebhqdcnertczwlaeyygazbhbaeeexwtijkhfnbhqplcqbqdhlllyabnlttabjufafsmgvunbdgiqfnaqtubdddfkbcuytpbmhdfbxaezeagdxyqygtuusucubzdkjcbfpxsjmfzlqpwflsdejblpduaqpaqdadadvyseefqwgtmloatsweyjdfacmjfetufecakbesnvnjvzadfpkcpbohyrasifqhfjdmfizineidaemifgcqmrevqhxahkqzugwdakbhwbcepavjmd"
    );
    assert_eq!(
        first("bid").await,
        "1007|1001|5611|channel-6921|https://www.nexmark.com/zyt/dmph/mttv/item.htm?query=1&channel_id=6921|2015-07-15T00:00:00.000400|lkhqdywevjzwfrafowzmewkylidaawdnczeephwftbydqbavsygfolcvbdeicmtektenera"
    );
}

#[tokio::test]
async fn rows_are_the_same_at_every_parallelism_and_after_restarts() {
    for kind in ["person", "auction", "bid"] {
        let plan = || plan(kind, &columns(kind), &[("events", "400"), ("seed", "5")]);
        source_kit::check(plan, &rows(plan()).await, 0).await;
    }
}

#[tokio::test]
async fn a_column_does_not_depend_on_the_others_that_are_asked_for() {
    let options = [("events", "100")];
    let all = rows(plan("bid", &columns("bid"), &options)).await;
    let some = [
        column("url", DataType::Utf8),
        column("price", DataType::Utf8),
        column("dateTime", DataType::Int64),
    ];
    let some = rows(plan("bid", &some, &options)).await;
    for (all, some) in all.iter().zip(some) {
        let (all, some): (Vec<_>, Vec<_>) = (all.split('|').collect(), some.split('|').collect());
        assert_eq!([all[4], all[2]], [some[0], some[1]]);
    }
}

#[tokio::test]
async fn another_seed_gives_other_events() {
    let price = [column("price", DataType::Int64)];
    let prices = |seed: &'static str| rows(plan("bid", &price, &[("events", "100"), ("seed", seed)]));
    assert_ne!(prices("1").await, prices("2").await);
    assert_eq!(prices("1").await, prices("1").await);
}

#[tokio::test]
async fn bids_are_for_hot_auctions_by_hot_bidders_and_refer_to_what_there_is() {
    let ids = [
        column("auction", DataType::Int64),
        column("bidder", DataType::Int64),
    ];
    let bids = rows(plan("bid", &ids, &[("events", "50000")])).await;
    let bids: Vec<(u64, u64)> = bids
        .iter()
        .map(|bid| bid.split_once('|').unwrap())
        .map(|(auction, bidder)| (auction.parse().unwrap(), bidder.parse().unwrap()))
        .collect();
    let share = |is_hot: &dyn Fn(&(u64, u64)) -> bool| {
        bids.iter().filter(|bid| is_hot(bid)).count() as f64 / bids.len() as f64
    };
    // One in two is hot, and one in a hundred of the others happens to be for the same auction.
    assert!((share(&|(auction, _)| auction % 100 == 0) - 0.505).abs() < 0.02);
    assert!((share(&|(_, bidder)| bidder % 100 == 1) - 0.7525).abs() < 0.02);
    // 1000 persons and 3000 auctions come, and up to ten of each are named before they come.
    assert!(
        bids.iter()
            .all(|(auction, bidder)| (1000..4010).contains(auction) && (1000..2010).contains(bidder))
    );
}

#[tokio::test]
async fn event_time_follows_the_rate_and_auctions_expire_after_they_open() {
    let times = [column("date_time", TIME), column("expires", TIME)];
    let options = [
        ("events", "100"),
        ("rate", "1000"),
        ("base_time", "2024-01-01T00:00:00Z"),
    ];
    let opened = rows(plan("auction", &times[..1], &options)).await;
    assert_eq!(
        opened[..2],
        ["2024-01-01T00:00:00.001", "2024-01-01T00:00:00.002"]
    );
    assert_eq!(opened[3], "2024-01-01T00:00:00.051");
    for times in rows(plan("auction", &times, &options)).await {
        let (opened, expires) = times.split_once('|').unwrap();
        assert!(opened < expires, "{times}");
    }
}

#[tokio::test]
async fn what_cannot_be_made_is_refused() {
    let wrong = |columns: &[SourceColumn], options: &[(&str, &str)]| {
        let error = source("nexmark", columns, options).err().unwrap();
        format!("{error}; {}", error.help.as_deref().unwrap_or_default())
    };
    let bid = ("stream", "bid");
    assert_eq!(
        wrong(&[column("seller", DataType::Int64)], &[bid]),
        "option `stream`: the stream that is asked for has no column `seller`; \
         its columns are auction, bidder, price, channel, url, date_time, extra"
    );
    assert_eq!(
        wrong(&[column("date_time", DataType::Boolean)], &[bid]),
        "option `stream`: its column `date_time` is made as Timestamp(µs) and cannot become Boolean; "
    );
    assert_eq!(wrong(&[], &[]), "option `stream`: is required by `nexmark`; ");
    assert_eq!(
        wrong(&[], &[bid, ("rate", "0")]),
        "option `rate`: has to be 1 or more; "
    );
    assert_eq!(
        wrong(&[], &[bid, ("event", "1")]),
        "option `event`: there is no such option of `nexmark`; did you mean `events`?"
    );
    assert!(
        wrong(
            &[],
            &[
                bid,
                ("bid_proportion", "0"),
                ("person_proportion", "0"),
                ("auction_proportion", "0")
            ]
        )
        .contains("no events")
    );
    assert!(wrong(&[], &[bid, ("base_time", "noon")]).contains("`noon` is not a timestamp"));
}
