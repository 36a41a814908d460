"""Without this file it would be nobody's measurement that `chat` gives the text and the tokens that transformers gives.

Writes small tokenizers with chat templates of the kinds that Llama 3, Gemma, Qwen 2.5 and 3, Mistral, Phi 3, Zephyr, DeepSeek R1 and plain ChatML have, written
here with the same constructs, and what `apply_chat_template` of transformers (5.24 was used) makes of conversations with them, into chats/ beside this file; and
into chats/constructs.json what Jinja2 prints for single constructs. Re-runnable: python test/parity/make_chats.py
"""

import datetime
import json
import shutil
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer
from transformers.utils import chat_template_utils

OUT = Path(__file__).parent / "chats"
CORPUS = ["user assistant system model", "Who are you? I am a model. Be brief.", "and he answered and said unto them"] * 5


class FixedDay(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return datetime.datetime(2024, 7, 26)


chat_template_utils.datetime = FixedDay


def byte_level(specials, bos):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=290, special_tokens=specials, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.post_processor = around(tokenizer, bos) if bos else processors.ByteLevel(trim_offsets=False)
    return tokenizer


def pieces(specials, bos, prepend):
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")]) if prepend else normalizers.Replace(" ", "▁")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()])
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(vocab_size=330, special_tokens=["<unk>", *specials, *(f"<0x{byte:02X}>" for byte in range(256))], show_progress=False))
    made = json.loads(tokenizer.to_str())
    made["added_tokens"] = [token for token in made["added_tokens"] if token["content"] in ["<unk>", *specials]]
    tokenizer = Tokenizer.from_str(json.dumps(made))
    tokenizer.post_processor = around(tokenizer, bos)
    return tokenizer


def around(tokenizer, bos):
    return processors.TemplateProcessing(single=f"{bos}:0 $A:0", pair=f"{bos}:0 $A:0 {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))])


LLAMA3 = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}{%- set date_string = strftime_now("%d %b %Y") %}{%- else %}{%- set date_string = "26 Jul 2024" %}{%- endif %}
{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|start|>system<|end|>\\n\\n" }}
{{- "Today Date: " + date_string + "\\n\\n" + system_message + "<|eot|>" }}
{%- for message in messages %}
    {{- '<|start|>' + message['role'] + '<|end|>\\n\\n'+ message['content'] | trim + '<|eot|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start|>assistant<|end|>\\n\\n' }}
{%- endif %}
"""
GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<start_of_turn>' + role + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<start_of_turn>model\n'}}{% endif %}"""
CHATML = """{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"""
QWEN25 = """{%- if messages[0]['role'] == 'system' %}
    {{- '<|im_start|>system\\n' + messages[0]['content'] + '<|im_end|>\\n' }}
{%- else %}
    {{- '<|im_start|>system\\nYou are a model.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- for tool_call in message.tool_calls %}
            {{- '\\n' }}{{ tool_call | tojson }}
        {%- endfor %}
        {{- '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
QWEN3 = """{%- set ns = namespace(searching=true, last=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.searching and message.role == "user" and message.content is string and not(message.content.startswith('<tool>') and message.content.endswith('</tool>')) %}
        {%- set ns.searching = false %}
        {%- set ns.last = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}{%- set content = message.content %}{%- else %}{%- set content = '' %}{%- endif %}
    {%- if message.role == "assistant" %}
        {%- set reasoning = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning = message.reasoning_content %}
        {%- elif '</think>' in content %}
            {%- set reasoning = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
            {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
        {%- endif %}
        {%- if loop.index0 > ns.last and (loop.last or reasoning) %}
            {{- '<|im_start|>' + message.role + '\\n<think>\\n' + reasoning.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + content + '<|im_end|>' + '\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
MISTRAL = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set system = messages[0]['content'] + '\n\n' %}{% set turns = messages[1:] %}{% else %}{% set system = '' %}{% set turns = messages %}{% endif %}{% for message in turns %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}{% if message['role'] == 'user' %}{{ '[INST] ' + (system if loop.first else '') + message['content'] + ' [/INST]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are supported!') }}{% endif %}{% endfor %}"""
PHI3 = """{% for message in messages %}{% if message['role'] == 'system' and message['content'] %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}"""
ZEPHYR = """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}"""
DEEPSEEK = """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(system='', asked=false) %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.asked = true -%}{{'<｜User｜>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<｜Assistant｜>' + content + '<｜end▁of▁sentence｜>'}}{%- endif %}{%- endfor -%}{% if add_generation_prompt and ns.asked %}{{'<｜Assistant｜><think>\\n'}}{% endif %}"""
PARTS = """{%- macro text_of(content) -%}
    {%- if content is string -%}{{- content -}}
    {%- elif content is iterable -%}
        {%- for part in content -%}{%- if part.type == 'text' -%}{{- part['text'] -}}{%- else -%}{{- '<image>' -}}{%- endif -%}{%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{%- for message in messages -%}
    {%- if message.role == 'skip' -%}{%- continue -%}{%- endif -%}
    {{- '<|im_start|>' ~ message.role ~ '\\n' -}}{%- generation -%}{{- text_of(message.content) -}}{{- '<|im_end|>' -}}{%- endgeneration -%}{{- '\\n' -}}
{%- endfor -%}
{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}
"""

IM = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
FAMILIES = {
    "llama3": (byte_level(["<|begin_of_text|>", "<|eot|>", "<|start|>", "<|end|>"], "<|begin_of_text|>"), LLAMA3, {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot|>"}, "llama"),
    "gemma": (pieces(["<pad>", "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>"], "<bos>", False), GEMMA, {"bos_token": "<bos>", "eos_token": "<eos>"}, "llama"),
    "qwen25": (byte_level(IM, None), QWEN25, {"bos_token": None, "eos_token": "<|im_end|>"}, "llama"),
    "qwen3": (byte_level(IM, None), QWEN3, {"bos_token": None, "eos_token": "<|im_end|>"}, "llama"),
    "mistral": (pieces(["<s>", "</s>"], "<s>", True), MISTRAL, {"bos_token": "<s>", "eos_token": "</s>"}, "llama"),
    "phi3": (byte_level(["<s>", "<|endoftext|>", "<|user|>", "<|assistant|>", "<|system|>", "<|end|>"], None), PHI3, {"bos_token": "<s>", "eos_token": "<|endoftext|>"}, "llama"),
    "zephyr": (pieces(["<s>", "</s>"], "<s>", True), ZEPHYR, {"bos_token": "<s>", "eos_token": "</s>"}, "llama"),
    "deepseek": (byte_level(["<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>", "<｜User｜>", "<｜Assistant｜>"], "<｜begin▁of▁sentence｜>"), DEEPSEEK, {"bos_token": "<｜begin▁of▁sentence｜>", "eos_token": "<｜end▁of▁sentence｜>"}, "llama"),
    # The tokenizer puts BOS before a text, and the template writes none.
    "chatml_without_bos": (byte_level(["<s>", *IM], "<s>"), CHATML, {"bos_token": "<s>", "eos_token": "<|im_end|>"}, "llama"),
    "parts": (byte_level(IM, None), PARTS, {"bos_token": None, "eos_token": "<|im_end|>"}, "llama"),
    "several": (byte_level(IM, None), [{"name": "default", "template": CHATML}, {"name": "loud", "template": CHATML.replace("message['content']", "message['content'].upper()")}], {"bos_token": None, "eos_token": "<|im_end|>"}, "llama"),
}

SYSTEM = {"role": "system", "content": " Be brief. "}
USER = {"role": "user", "content": "  Who are you? é😀 'x' \n"}
ANSWER = {"role": "assistant", "content": "\n I am <b>a</b> model.\n"}
THOUGHT = {"role": "assistant", "content": "<think>\nhm\n  so\n</think>\n\n I am."}
REASONED = {"role": "assistant", "content": "I am.", "reasoning_content": "because", "tool_calls": None}
CALLED = {"role": "assistant", "content": "", "tool_calls": [{"name": "f", "arguments": {"2": 1.0, "1": [True, None, "é\"\n"], "big": 12345678901234567890}}]}
LIST = {"role": "user", "content": [{"type": "text", "text": "Hi "}, {"type": "image"}, {"type": "text", "text": "you"}]}
CONVERSATIONS = [[USER], [SYSTEM, USER], [USER, ANSWER], [SYSTEM, USER, ANSWER, USER], [USER, THOUGHT], [USER, THOUGHT, USER], [USER, REASONED], [USER, CALLED], [LIST], [USER, USER], [ANSWER], [SYSTEM]]


def cases(family, tokenizer):
    for conversation in CONVERSATIONS:
        answered = conversation[-1]["role"] == "assistant"
        options = [{}, {"ending": "closed"}, {"ending": "prompt"}]
        if answered and isinstance(conversation[-1]["content"], str) and conversation[-1]["content"] != "":
            options.append({"ending": "open"})
        if family == "qwen3":
            options.append({"variables": {"enable_thinking": False}})
        if family == "llama3":
            options.append({"date": "2025-01-02"})
        if family == "several":
            options.append({"named": "loud"})
        for option in options:
            ending = option.get("ending", "closed" if answered else "prompt")
            given = {**option.get("variables", {}), **({"date_string": "02 Jan 2025"} if "date" in option else {}), **({"chat_template": option["named"]} if "named" in option else {})}
            case = {"messages": json.dumps(conversation, ensure_ascii=False), **option}
            try:
                how = {"add_generation_prompt": ending == "prompt", "continue_final_message": ending == "open", **given}
                text = tokenizer.apply_chat_template(conversation, tokenize=False, **how)
                ids = tokenizer.apply_chat_template(conversation, tokenize=True, return_dict=False, **how)
                yield {**case, "text": text, "ids": ids}
            except Exception as error:
                yield {**case, "error": str(error).split("\n")[0][:100]}


def write_families():
    for family, (tokenizer, template, named, model_type) in FAMILIES.items():
        folder = OUT / family
        folder.mkdir(parents=True)
        tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
        config = {"tokenizer_class": "PreTrainedTokenizerFast", **named}
        (folder / "config.json").write_text(json.dumps({"model_type": model_type}) + "\n")
        # Both places are used.
        if family in ("llama3", "qwen3"):
            (folder / "chat_template.jinja").write_text(template)
            config["chat_template"] = "{{ raise_exception('the file comes first') }}"
        elif family == "several":
            config["chat_template"] = template
        else:
            config["chat_template"] = template
        (folder / "tokenizer_config.json").write_text(json.dumps(config, ensure_ascii=False, indent=1) + "\n")
        found = list(cases(family, AutoTokenizer.from_pretrained(folder)))
        lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in found)
        (folder / "expected.json").write_text(f"[\n{lines}\n]\n")
        print(family, len(found), sum("text" in each for each in found))


def write_constructs():
    given = json.loads((Path(__file__).parent / "chat_constructs.json").read_text())
    made = []
    for template in given["templates"]:
        try:
            made.append({"template": template, "text": chat_template_utils._compile_jinja_template(template).render(**json.loads(json.dumps(given["variables"])))})
        except Exception as error:
            made.append({"template": template, "error": type(error).__name__})
    lines = ",\n".join(json.dumps(each, ensure_ascii=False) for each in made)
    (OUT / "constructs.json").write_text(f'{{"variables": {json.dumps(given["variables"], ensure_ascii=False)},\n"templates": [\n{lines}\n]}}\n')


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    write_families()
    write_constructs()
