import { ThermoclineError } from "../errors.js";
import { shown } from "../store/settings.js";

/** Written for this purpose: prose, dialogue, code, records and several languages, as mixed as what a model reads. */
const PASSAGES: readonly string[] = [
  "The harbour froze in the second week of January. Boats that had been tied loosely for the night stood at odd angles in the ice, and the men who came down in the morning walked out to them instead of rowing.",
  "A thermocline is the layer of a lake or an ocean in which temperature falls quickly with depth. Above it the wind keeps the water mixed and warm; below it the water is cold, dense and nearly still for most of the year.",
  '"Did you bring the key?" she asked.\n"I thought you had it."\n"I gave it to you on Sunday, at the station."\nHe looked through every pocket twice, then laughed. "Then we are both locked out."',
  "def moving_average(values, window):\n    if window < 1:\n        raise ValueError('window must be positive')\n    total = 0.0\n    for i, value in enumerate(values):\n        total += value\n        if i >= window:\n            total -= values[i - window]\n        yield total / min(i + 1, window)",
  "Knead the dough for ten minutes until it is smooth, cover it, and let it rise in a warm place for an hour. Heat the oven to 230 °C. Bake for 25 minutes with a bowl of water on the lower shelf, then 15 minutes without.",
  "The committee voted 7 to 4 on Tuesday to delay the bridge, citing costs that have grown from $41 million to $68 million since 2019. Work on the approach roads, which is paid for already, will continue through the autumn.",
  "Let n be an odd integer, so n = 2k + 1 for some k. Then n² = 4k² + 4k + 1 = 4k(k + 1) + 1. One of k and k + 1 is even, hence 8 divides 4k(k + 1), and every odd square leaves the remainder 1 when it is divided by 8.",
  "Der Zug nach Leipzig fährt heute von Gleis neun und kommt etwa zwanzig Minuten später an. Wer dort umsteigen muss, erreicht den Anschluss trotzdem, denn auch der zweite Zug wartet wegen der Bauarbeiten.",
  "SELECT c.name, COUNT(o.id) AS orders, SUM(o.total) AS revenue\nFROM customers AS c\nLEFT JOIN orders AS o ON o.customer_id = c.id AND o.created_at >= '2023-01-01'\nGROUP BY c.id\nHAVING COUNT(o.id) > 3\nORDER BY revenue DESC\nLIMIT 20;",
  "Patients who took the tablet in the evening slept longer (median 7.1 hours against 6.4) but reported more headaches in the first week. After a month the difference in sleep was gone, and nine of 112 had left the study.",
  "export async function retry<T>(run: () => Promise<T>, times: number): Promise<T> {\n  for (let attempt = 1; ; attempt++) {\n    try {\n      return await run();\n    } catch (error) {\n      if (attempt === times) throw error;\n      await new Promise((resolve) => setTimeout(resolve, 100 * 2 ** attempt));\n    }\n  }\n}",
  "Au marché du samedi, les premières cerises coûtent encore cher. La vieille marchande en laisse goûter trois à chaque enfant, puis elle raconte qu'autrefois l'arbre poussait juste derrière l'école.",
  "User: My laptop gets hot when I join video calls. What can I do?\nAssistant: Close other programs that use the camera or the graphics card, lower the video quality in the call's settings, and keep the vents free. If the fan still runs all the time, clean it or have it checked.",
  '{"id": "a81f-22", "kind": "sensor", "location": {"lat": 59.3293, "lon": 18.0686}, "readings": [{"t": "2024-03-01T06:00:00Z", "celsius": -2.4}, {"t": "2024-03-01T07:00:00Z", "celsius": -1.9}], "tags": ["roof", "north"]}',
  "The tenant shall give notice in writing not less than three months before the end of the term. Where no notice is given, this agreement is renewed for one year on the same conditions, except that the rent may be adjusted under section 6.",
  "El río baja lento en agosto. Los niños cruzan por las piedras con los zapatos en la mano, y desde el puente el abuelo cuenta en voz baja los pasos que faltan para la otra orilla.",
  '#!/bin/sh\nset -eu\nfor file in logs/*.txt; do\n  lines=$(wc -l < "$file")\n  if [ "$lines" -gt 10000 ]; then\n    gzip -9 "$file" && echo "compressed $file ($lines lines)"\n  fi\ndone',
  "Light from the nearest star beyond the Sun takes a little over four years to reach us. The galaxy in Andromeda, which a keen eye can find without a telescope, is seen as it was two and a half million years ago.",
  "春になると、川沿いの桜が一斉に咲き、近所の人々が夕方から集まってくる。去年は雨が多くて花がすぐに散ったが、今年は風も弱く、十日ほど楽しめそうだと祖母は言った。",
  "2024-05-17 09:14:02,118 WARN  [pool-3] cache: evicted 512 entries in 38 ms\n2024-05-17 09:14:02,640 ERROR [http-7] orders: timeout after 5000 ms (attempt 2 of 3)\n2024-05-17 09:14:03,011 INFO  [http-7] orders: recovered, 1 request replayed",
  "Dear Ms Okafor, thank you for your letter of 3 June. We have looked at the account again and agree that the second charge was our mistake. The amount of £48.20 will be with you within five working days. With apologies, Jonas Lindqvist",
  "fn longest_run(bits: &[bool]) -> usize {\n    let (mut best, mut current) = (0, 0);\n    for &bit in bits {\n        current = if bit { current + 1 } else { 0 };\n        best = best.max(current);\n    }\n    best\n}",
  "Зимой дорога через перевал закрыта, и почту привозят по железной дороге раз в неделю. Начальник станции знает всех по имени и сам разносит письма, если поезд приходит до темноты.",
  "Which of these is a prime number? (a) 51 (b) 57 (c) 59 (d) 63. Answer: (c). 51 is 3 × 17, 57 is 3 × 19 and 63 is 7 × 9, while 59 has no divisor from 2 to 7, and 8 × 8 is already more than 59.",
  "Rain on the tin roof, and under the roof the cat,\nand under the cat the chair that nobody mends;\nthe kettle complains to the window, the window to that\ngrey field where the road and the afternoon both have their ends.",
  "这座城市的老图书馆建于一九二七年，地下室里保存着三万多份地图。管理员说，最常被借阅的不是古代的航海图，而是一张标着所有水井位置的手绘街区图。",
  "| month | visitors | change |\n|---|---|---|\n| April | 12,408 | +3.1 % |\n| May | 15,977 | +28.8 % |\n| June | 15,102 | -5.5 % |\n\nMay had two long weekends; June lost four days to the storm.",
  "The knight lost the exchange on the king's side and had to give back a pawn. After 31 moves White offered a draw, which Black refused, and in the rook ending the extra pawn on the a-file decided the game.",
  "कल शाम बाज़ार में इतनी भीड़ थी कि हम मुश्किल से चल पा रहे थे। माँ ने आम और हल्दी खरीदी, और दुकानदार ने हँसकर बच्चों को एक-एक टॉफ़ी दी।",
  '<article class="card"><h2>Opening hours</h2><p>Monday to Friday, <time>09:00</time> to <time>17:30</time>. Closed on public holidays.</p><a href="/contact">Write to us</a></article>',
  "عاد الصياد قبل الفجر وقاربه نصف ممتلئ. قال لابنه إن البحر كريم مع من يصبر، ثم جلسا يصلحان الشباك ويشربان الشاي حتى ارتفعت الشمس فوق الجزيرة.",
  "To prune an old apple tree, first take out what is dead, then what crosses, and only then what is too high. Never remove more than a quarter of the crown in one winter, or the tree will answer with a thicket of water shoots.",
];

/**
 * `count` texts of `length` characters each, for a caller who has none: the passages over and over, each time from another
 * place on, so that words are met at many positions.
 */
export function* calibrationTexts(count: number, length: number): Generator<string> {
  const all = `${PASSAGES.join("\n\n")}\n\n`;
  const endless = all.repeat(Math.ceil(length / all.length) + 1);
  for (let text = 0; text < count; text++) {
    // Multiples of the golden ratio keep any number of starts apart.
    const start = Math.floor(((text * 0.6180339887498949) % 1) * all.length);
    yield endless.slice(start, start + length);
  }
}

/** Refuses what is not one or more strings. */
export function checkTexts(texts: unknown): void {
  const strings = Array.isArray(texts) && texts.every((text) => typeof text === "string");
  if (!strings || texts.length === 0) {
    throw new ThermoclineError("ARGUMENT", `texts is ${shown(texts)}; give an array of one or more strings.`);
  }
}
