-- Who the contacts of the benchmark are: everything about number n follows from n alone, so that two
-- runs fill the same rows. Temporary: gone with the session.

-- The longer ones are plpgsql, which parses their lists once a session and not at every call.

-- 0 <= share < 1, as if at random; another one for every salt.
create function pg_temp.share(n bigint, salt int) returns float8 language sql immutable
as $$ select (hashint8extended(n, salt) & 1073741823) / 1073741824.0::float8 $$;

create function pg_temp.pick(options text[], n bigint, salt int) returns text language sql immutable
as $$ select options[1 + floor(pg_temp.share(n, salt) * cardinality(options))::int] $$;

-- The first ones often, the last ones hardly ever, as first names are.
create function pg_temp.pick_skewed(options text[], n bigint, salt int) returns text language sql immutable
as $$ select options[1 + floor(power(pg_temp.share(n, salt), 3) * cardinality(options))::int] $$;

-- options[i] up to the i-th limit of the share; the last one above all.
create function pg_temp.pick_weighted(options text[], limits float8[], n bigint, salt int) returns text
language sql immutable
as $$ select options[1 + width_bucket(pg_temp.share(n, salt), limits)] $$;

-- Family names that few share: about 90,000 of them.
create function pg_temp.rare_name(n bigint, salt int) returns text language plpgsql immutable as
$$ begin return initcap(concat(
    pg_temp.pick('{bra,ka,mo,tre,vi,ha,sol,gre,pe,lun,fo,dar,ni,ru,stel,wey,ol,jan,zim,cor,bel,qua,ith,yor,ped,lam,sut,erd,ashk,uml}', n, salt),
    pg_temp.pick('{ren,do,li,ma,vek,sa,tou,ber,na,ge,cho,ril,dam,ske,po,win,xa,tor,hel,jo,bri,kel,uda,ono,yes,fra,gos,zu,wal,ith}', n, salt + 1),
    pg_temp.pick('{ski,son,ez,ov,ini,mann,sen,ard,ić,eiro,ault,berg,ley,wood,ström,idis,escu,ez,ano,field,ux,naut,off,enko,øy,ück,kaya,oğlu,ides,ell}', n, salt + 2),
    case when pg_temp.share(n, salt + 3) < 0.3
      then pg_temp.pick('{-ada,-lee,-kay,-roy,-day,-fox,-hart,-mill}', n, salt + 4) end)); end $$;

create function pg_temp.full_name(n bigint) returns text language plpgsql immutable as $$
declare
  kind float8 := pg_temp.share(n, 1);
begin
  return case
    when kind < 0.04 then null
    when kind < 0.64 then concat(
      pg_temp.pick_skewed('{Maria,José,Ana,Luís,Anna,David,Sofía,Jürgen,Zoë,François,Laura,Peter,Inês,João,Chloé,Björn,Renée,Łukasz,Şebnem,Siobhán,Nikolaj,Åsa,Søren,Márta,İpek,Đorđe,Petra,Tomáš,Gisela,Raúl,Thảo,Dương,Ingeborg,Hrönn,Wąsik,Zdeněk,Ümit,Œdipe,Ælfric,Ñusta}', n, 11),
      ' ',
      case when pg_temp.share(n, 12) < 0.5 then
        pg_temp.pick_skewed('{García,Silva,Müller,Smith,Martin,Rossi,López,Jensen,Nguyễn,Novák,Kowalska,Dubois,Núñez,Weiß,Öztürk,Ferreira,Johansson,O''Brien,Peeters,Horváth,Popescu,Yılmaz,Gonçalves,Sánchez-Vega,Åkesson,Björnsdóttir,D''Angelo,Groß,Čapek,Žižka}', n, 13)
      else pg_temp.rare_name(n, 14) end)
    when kind < 0.74 then concat(
      pg_temp.pick_skewed('{Анна,Иван,Мария,Алексей,Ольга,Дмитрий,Елена,Сергей,Наталья,Фёдор,Юлия,Олег,Ксения,Тарас,Їжак}', n, 21), ' ',
      pg_temp.pick_skewed('{Иванов,Петров,Сидоров,Кузнецов,Шевченко,Попова,Бойко,Новиков,Соловьёва,Мельник,Ткаченко,Жуков,Щербаков,Гриценко}', n, 22))
    when kind < 0.82 then concat(
      pg_temp.pick_skewed('{محمد,فاطمة,أحمد,نور,علي,مريم,عمر,ليلى,يوسف,هدى,خالد,سارة,طارق,رؤى}', n, 31), ' ',
      pg_temp.pick_skewed('{حداد,الخطيب,حسين,النجار,إبراهيم,منصور,العلي,شاهين,قاسم,صالح,بركات,زيدان}', n, 32))
    when kind < 0.86 then concat(
      pg_temp.pick_skewed('{יוסף,מרים,דוד,נועה,אברהם,תמר,משה,יעל,איתן,שירה}', n, 41), ' ',
      pg_temp.pick_skewed('{כהן,לוי,מזרחי,פרץ,ביטון,דהן,אזולאי,פרידמן,שפירא,קליין}', n, 42))
    when kind < 0.94 then case when pg_temp.share(n, 51) < 0.6 then concat(
      pg_temp.pick_skewed('{王,李,张,刘,陈,杨,黄,赵,吴,周,徐,孙,马,朱,胡,林,郭,何,高,罗}', n, 52),
      pg_temp.pick_skewed('{伟,芳,娜,敏,静,丽,强,磊,军,洋,勇,艳,杰,娟,涛,明,超,秀英,霞,平,刚,桂英,翰,澜,曦}', n, 53),
      case when pg_temp.share(n, 54) < 0.4 then pg_temp.pick('{华,文,玉,国,志,建,春,海,雪,云}', n, 55) end)
      else concat(
      pg_temp.pick_skewed('{佐藤,鈴木,高橋,田中,伊藤,渡辺,山本,中村,小林,加藤,吉田,山田,김,이,박,최}', n, 56), ' ',
      pg_temp.pick_skewed('{太郎,花子,健太,さくら,陽菜,翔,みゆき,ケンジ,민준,서연,지훈,수빈}', n, 57)) end
    else concat(
      pg_temp.pick_skewed('{आरव,प्रिया,राहुल,अनिता,विक्रम,सुनीता,अर्जुन,काव्या,मोहन,श्रेया,दीपक,निशा}', n, 61), ' ',
      pg_temp.pick_skewed('{शर्मा,वर्मा,सिंह,गुप्ता,कुमार,पटेल,यादव,मिश्रा,जोशी,मेहता,चौधरी,त्रिपाठी}', n, 62))
    end; end $$;

-- Unique: for each prefix n is only scrambled. Prefixes that the demo data has not.
create function pg_temp.phone(n bigint) returns text language plpgsql immutable as
$$ begin return case when pg_temp.share(n, 2) < 0.97 then
    pg_temp.pick_weighted('{+1416,+44770,+55219,+49151,+3461,+91982,+86139,+7916,+97152,+97254,+8190,+26377}',
      '{0.3,0.4,0.52,0.6,0.66,0.76,0.83,0.88,0.92,0.95,0.98}', n, 3)
    || case when pg_temp.share(n, 3) < 0.3 then lpad((n * 6837 % 10000000)::text, 7, '0')
      else lpad((n * 68371 % 100000000)::text, 8, '0') end end; end $$;

create function pg_temp.email(n bigint) returns text language plpgsql immutable as
$$ begin return case when pg_temp.share(n, 4) < 0.6 then concat(
    pg_temp.pick_skewed('{maria,jose,ana,luis,info,office,david,sofia,jurgen,zoe,laura,peter,ines,joao,chloe,bjorn,anna,ivan,noor,wei,tanaka,priya}', n, 71),
    '.', lower(extensions.unaccent(pg_temp.rare_name(n, 72))), n % 1000, '@',
    pg_temp.pick_skewed('{gmail.com,outlook.com,yahoo.com,icloud.com,hotmail.com,web.example,proton.example,firma.example,studio.example,office.example,corp.example,shop.example,uni.example,mail.example}', n, 78)) end; end $$;

create function pg_temp.company(n bigint) returns text language plpgsql immutable as
$$ begin return case when pg_temp.share(n, 5) < 0.4 then
    case when pg_temp.share(n, 81) < 0.05
      then pg_temp.pick('{Haddad Trading,Çelik & Söhne,株式会社さくら,华为技术,ООО Ромашка,שירותי ענן,Núñez Hermanos,Zürich_Werke}', n, 82)
    else concat(pg_temp.rare_name(n * 0 + floor(power(pg_temp.share(n, 83), 2) * 4000)::bigint, 84), ' ',
      pg_temp.pick('{GmbH,Ltd,Inc,S.A.,Consulting,Interiors,Logistics,"& Sons",Café,Studio,Foods,Motors}', n, 85)) end end; end $$;

create function pg_temp.notes(n bigint) returns text language plpgsql immutable as $$
declare
  written text;
begin
  if pg_temp.share(n, 6) >= 0.3 then
    return null;
  end if;
  for word in 1 .. 4 + floor(pg_temp.share(n, 94) * 16)::int loop
    written := concat_ws(' ', written, pg_temp.pick_skewed('{the,and,called,asked,for,a,quote,prefers,mornings,wants,delivery,about,price,of,oak,table,next,week,met,at,fair,sent,catalogue,no,answer,will,decide,after,holidays,interested,in,installation,budget,approved,partner,referral,complained,late,invoice,paid,speaks,Spanish,German,évènement,naïve,wheelchair,showroom,visit,Tuesday,kitchen,renovation,velvet,sofa,terracotta,zinc,quartz,jacaranda,obsidian,xylophone}', n * 64 + word, 91));
  end loop;
  return concat(written, case when pg_temp.share(n, 92) < 0.5
    then ' order ' || floor(pg_temp.share(n, 93) * 900000 + 100000) end);
end
$$;

-- A few very common ones, a long tail, and one that twenty in a million have.
create function pg_temp.tags(n bigint) returns text[] language plpgsql immutable as
$$ begin return array_remove(array[
    case when pg_temp.share(n, 101) < 0.4 then 'customer' end,
    case when pg_temp.share(n, 102) < 0.25 then 'newsletter' end,
    case when pg_temp.share(n, 103) < 0.1 then 'lead' end,
    case when pg_temp.share(n, 104) < 0.01 then 'VIP' end,
    case when pg_temp.share(n, 105) < 0.3 then 'campaign ' || floor(power(pg_temp.share(n, 106), 4) * 300) end,
    case when n % 50000 = 7 then 'founder circle' end], null); end $$;
