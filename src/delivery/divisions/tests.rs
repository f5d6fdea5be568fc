use proptest::prelude::*;

use super::*;

fn line(region: &str, city: &str, district: &str) -> String {
    match resolve(region, city, district, Reach::Mainland) {
        Ok(resolved) => printed(&resolved),
        Err(problems) => {
            let says = problems.iter().map(|p| format!("{}: {}", p.field, p.text(Locale::Zh)));
            says.collect::<Vec<_>>().join(" ")
        }
    }
}

fn codes(region: &str, city: &str, district: &str) -> [String; 3] {
    let resolved = resolve(region, city, district, Reach::Mainland).unwrap();
    [resolved.region, resolved.city, resolved.district].map(|place| place.code.unwrap_or_default())
}

#[test]
fn every_row_is_read_and_hangs_from_its_parent() {
    let text = include_str!("../../../assets/divisions.csv");
    assert_eq!(DIVISIONS.len(), 3223);
    assert_eq!(DIVISIONS.len() + 1, text.lines().count());
    assert!(!text.contains('"') && text.lines().all(|line| line.split(',').count() == 5));
    assert!(DIVISIONS.is_sorted_by_key(|division| division.code));
    for division in DIVISIONS.iter().filter(|division| division.level > 1) {
        let parent = by_code(division.parent).unwrap();
        assert_eq!(parent.level + 1, division.level, "{division:?}");
        assert!(division.province().is_some());
    }
    for code in HEADINGS_OF_COUNTIES.iter().chain(CROSS_BORDER).chain(MUNICIPALITIES) {
        assert!(by_code(code).is_some(), "{code}");
    }
    assert_eq!((provinces(Reach::Mainland).count(), provinces(Reach::All).count()), (31, 34));
}

#[test]
fn a_name_counts_in_either_language_with_and_without_its_end() {
    for (region, city, district) in [
        ("江苏省", "苏州市", "昆山市"),
        ("江苏", "苏州", "昆山"),
        ("Jiangsu", "suzhou", "昆山市"),
        ("Jiangsu Province", "Suzhou City", "320583"),
        ("320000", "320500", "320583"),
        (" 江苏 ", " 苏州市 ", " 昆山市 "),
        ("", "320500", "320583"),
        ("江苏", "昆山市", ""),
        ("江苏", "昆山", ""),
        ("江苏", "昆山市", "昆山市"),
    ] {
        assert_eq!(line(region, city, district), "江苏省苏州市昆山市", "{region} {city} {district}");
        assert_eq!(codes(region, city, district), ["320000", "320500", "320583"]);
    }
    assert_eq!(line("广西", "南宁", "青秀"), "广西壮族自治区南宁市青秀区");
    assert_eq!(line("湖北", "恩施州", "恩施市"), "湖北省恩施土家族苗族自治州恩施市");
    assert_eq!(line("Inner Mongolia", "Hohhot", "新城区"), "内蒙古自治区呼和浩特市新城区");
    assert_eq!(line("Shaanxi", "Xi'an", "碑林区"), "陕西省西安市碑林区");
    assert_eq!(line("shaanxi", "xian", "碑林"), "陕西省西安市碑林区");
    assert_eq!(line("Shanxi", "luliang", "离石"), "山西省吕梁市离石区");
}

#[test]
fn a_municipality_needs_no_city() {
    for city in ["", "北京市", "北京", "Beijing", "110000", "110100"] {
        assert_eq!(line("北京", city, "朝阳区"), "北京市朝阳区", "{city}");
        assert_eq!(codes("Beijing", city, "110105"), ["110000", "110100", "110105"]);
    }
    let resolved = resolve("北京市", "", "朝阳区", Reach::Mainland).unwrap();
    assert_eq!(resolved.city.name, "北京市");
    assert_eq!(line("北京市", "朝阳区", ""), "北京市朝阳区");
    assert_eq!(line("北京市", "朝阳区", "三里屯街道"), "北京市朝阳区三里屯街道");
    assert_eq!(line("北京市", "北京市", ""), "district: 请填写区县。");
}

#[test]
fn the_counties_of_chongqing_lie_in_the_city_of_chongqing() {
    for city in ["", "重庆市", "重庆", "500100", "500200", "县"] {
        let resolved = resolve("重庆市", city, "彭水", Reach::Mainland).unwrap();
        assert_eq!(printed(&resolved), "重庆市彭水苗族土家族自治县");
        assert_eq!(resolved.city, Place { code: Some("500200".to_owned()), name: "重庆市".to_owned() });
        assert_eq!(codes("重庆", city, "渝中区"), ["500000", "500100", "500103"]);
    }
    // Merged into 两江新区 in 2025; people go on writing it.
    assert_eq!(line("重庆", "", "江北区"), "重庆市江北区");
}

#[test]
fn a_county_right_under_its_province_stands_as_the_city() {
    for (city, district) in [
        ("济源市", ""),
        ("济源", ""),
        ("济源市", "济源市"),
        ("419001", ""),
        ("419000", "419001"),
        ("419000", "济源市"),
    ] {
        assert_eq!(line("河南省", city, district), "河南省济源市", "{city} {district}");
        assert_eq!(codes("河南省", city, district), ["410000", "419001", ""]);
    }
    assert_eq!(line("河南省", "济源市", "沁园街道"), "河南省济源市沁园街道");
    assert_eq!(line("河南省", "419000", ""), "district: 请填写区县。");
}

#[test]
fn a_city_without_districts_needs_none() {
    for (region, city) in [("广东", "东莞"), ("广东", "中山市"), ("海南", "儋州市"), ("甘肃", "嘉峪关")]
    {
        assert!(resolve(region, city, "", Reach::Mainland).is_ok(), "{city}");
    }
    assert_eq!(line("广东", "东莞市", "南城街道"), "广东省东莞市南城街道");
    assert_eq!(line("海南", "三沙市", "西沙区"), "海南省三沙市西沙区");
    assert_eq!(line("海南", "三沙市", ""), "district: 请填写区县。");
}

#[test]
fn what_the_list_does_not_know_is_taken_as_typed() {
    assert_eq!(line("江苏省", "苏州市", "苏州工业园区"), "江苏省苏州市苏州工业园区");
    assert_eq!(line("江苏省", "新城市", "某区"), "江苏省新城市某区");
    assert_eq!(line("某省", "某市", ""), "某省某市");
    assert_eq!(line("Somewhere", "Else", "Far"), "Somewhere Else Far");
    assert_eq!(codes("江苏省", "苏州市", "苏州工业园区"), ["320000", "320500", ""]);
}

#[test]
fn a_part_that_belongs_elsewhere_is_refused() {
    assert_eq!(line("江苏省", "杭州市", "西湖区"), "city: 杭州市属于浙江省，不在江苏省。");
    assert_eq!(line("江苏省", "330100", "330106"), "city: 杭州市属于浙江省，不在江苏省。");
    assert_eq!(line("北京市", "上海市", "徐汇区"), "city: 上海市属于上海市，不在北京市。");
    assert_eq!(line("江苏省", "南京市", "姑苏区"), "district: 姑苏区属于苏州市，不在南京市。");
    assert_eq!(line("江苏省", "南京市", "330106"), "district: 西湖区属于杭州市，不在江苏省。");
    let problems = resolve("Jiangsu", "Hangzhou", "", Reach::Mainland).unwrap_err();
    assert_eq!(problems[0].text(Locale::En), "Hangzhou is in Zhejiang, not in Jiangsu.");
}

#[test]
fn parts_that_are_missing_or_unfit_are_named() {
    assert_eq!(line("", "", ""), "region: 请填写省份。");
    assert_eq!(line("江苏省", "", ""), "city: 请填写城市。");
    assert_eq!(line("江苏省", "苏州市", ""), "district: 请填写区县。");
    assert_eq!(line("990000", "", ""), "region: 此处无法使用该代码，请填写名称。");
    assert_eq!(line("某省", "320500", ""), "city: 此处无法使用该代码，请填写名称。");
    assert_eq!(line("江苏省", "苏州市", "320599"), "district: 此处无法使用该代码，请填写名称。");
    assert_eq!(resolve("江\0苏", &"长".repeat(101), "", Reach::Mainland).unwrap_err().len(), 2);
}

#[test]
fn what_lies_across_a_border_shows_only_to_shops_that_deliver_there() {
    assert_eq!(line("香港", "九龙", ""), "region: 暂不支持配送至香港特别行政区。");
    let resolved = resolve("Hong Kong", "九龙", "", Reach::All).unwrap();
    assert_eq!(printed(&resolved), "香港特别行政区九龙");
    assert!(resolve("台湾", "", "", Reach::All).is_ok());
    assert!(suggestions("", "", Reach::Mainland).regions.iter().all(|d| !CROSS_BORDER.contains(&d.code)));
}

#[test]
fn suggestions_follow_what_stands_in_the_form() {
    let names = |divisions: &[&Division]| divisions.iter().map(|d| d.name).collect::<Vec<_>>();
    let blank = suggestions("", "", Reach::Mainland);
    assert_eq!((blank.regions.len(), blank.cities.len(), blank.districts.len()), (31, 0, 0));
    let henan = suggestions("河南", "郑州", Reach::Mainland);
    assert!(
        names(&henan.cities).contains(&"济源市") && !names(&henan.cities).contains(&"省直辖县级行政区划")
    );
    assert!(names(&henan.districts).contains(&"中原区"));
    let chongqing = suggestions("Chongqing", "", Reach::Mainland);
    assert_eq!(names(&chongqing.cities), ["重庆市"]);
    assert!(names(&chongqing.districts).contains(&"渝中区") && names(&chongqing.districts).contains(&"忠县"));
    assert!(suggestions("河南", "济源市", Reach::Mainland).districts.is_empty());
}

/// The parts as a person would enter them for each district of the list.
fn parts(district: &Division) -> (&'static Division, &'static Division) {
    (district.province().unwrap(), by_code(district.parent).unwrap())
}

#[test]
fn every_district_is_found_by_codes_and_by_names() {
    for district in DIVISIONS.iter().filter(|division| division.level == 3) {
        let (province, city) = parts(district);
        let by_codes = resolve(province.code, city.code, district.code, Reach::Mainland).unwrap();
        let direct = HEADINGS_OF_COUNTIES.contains(&city.code);
        let last = if direct { &by_codes.city } else { &by_codes.district };
        assert_eq!(last.code.as_deref(), Some(district.code));
        let by_names =
            resolve(&by_codes.region.name, &by_codes.city.name, &by_codes.district.name, Reach::Mainland);
        assert_eq!(by_names.as_ref(), Ok(&by_codes), "{district:?}");
        assert!(!printed(&by_codes).contains("直辖县级"));
    }
}

#[test]
fn every_english_name_is_found_under_its_province() {
    for city in DIVISIONS.iter().filter(|division| division.level == 2 && division.name_en.is_some()) {
        let province = city.province().unwrap();
        let english = province.name_en.unwrap();
        let region = find(&provinces(Reach::All).collect::<Vec<_>>(), english, Suffixes::OfProvinces);
        assert_eq!(region, Some(province));
        if !is_heading(city) {
            assert_eq!(find(&cities(province), city.name_en.unwrap(), Suffixes::OfPlaces), Some(city));
        }
    }
}

proptest! {
    #[test]
    fn what_was_resolved_resolves_to_itself(
        region in "[江苏北京市省广东 a-z0-9]{0,4}",
        city in "[苏州北京市东莞 a-z0-9]{0,4}",
        district in "[昆山朝阳市区 a-z0-9]{0,4}",
    ) {
        if let Ok(first) = resolve(&region, &city, &district, Reach::All) {
            let again = resolve(&first.region.name, &first.city.name, &first.district.name, Reach::All);
            prop_assert_eq!(again, Ok(first));
        }
    }
}
